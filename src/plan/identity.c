/* identity.c: what a run is called: the SHA-256 of what decides its numbers. */
#include "symsweep/plan.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

sw_status sw_sha256_hex(char out[SW_RUN_ID_LENGTH + 1], const char *text)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    if (!EVP_Digest(text, strlen(text), digest, &length, EVP_sha256(), NULL) || 2 * length != SW_RUN_ID_LENGTH)
        return sw_fail(SW_E_MEMORY, "SHA-256 failed");
    for (unsigned int i = 0; i < length; i++) snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return SW_OK;
}

sw_status sw_run_identity(char id[SW_RUN_ID_LENGTH + 1], const sw_run_config *config)
{
    sw_json *json = NULL;
    sw_status status = sw_json_create(&json);
    if (status != SW_OK) return status;
    sw_config_write_identity(json, config);
    const char *text = sw_json_text(json);
    status = text ? sw_sha256_hex(id, text) : SW_E_MEMORY;
    sw_json_destroy(json);
    return status;
}
