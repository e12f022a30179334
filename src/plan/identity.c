/* identity.c: what a run is called: the SHA-256 of what decides its numbers. */
#include "symsweep/plan.h"

#include "symsweep/sha256.h"

#include <string.h>

sw_status sw_identity_of(char id[SW_RUN_ID_LENGTH + 1], const sw_run_config *config)
{
    sw_json *json = NULL;
    sw_status status = sw_json_create(&json);
    if (status != SW_OK) return status;
    sw_config_write_identity(json, config);
    const char *text = sw_json_text(json);
    uint8_t digest[SW_SHA256_BYTES];
    status = text ? sw_sha256(digest, text, strlen(text)) : SW_E_MEMORY;
    if (status == SW_OK) sw_sha256_hex(id, digest);
    sw_json_destroy(json);
    return status;
}
