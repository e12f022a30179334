/* sha256.c: SHA-256, by libcrypto. */
#include "symsweep/sha256.h"

#include <openssl/evp.h>
#include <stdio.h>

sw_status sw_sha256(uint8_t out[SW_SHA256_BYTES], const void *bytes, size_t count) {
    return EVP_Digest(bytes, count, out, NULL, EVP_sha256(), NULL) ? SW_OK : sw_fail(SW_E_MEMORY, "SHA-256 failed");
}

void sw_sha256_hex(char out[SW_SHA256_DIGITS + 1], const uint8_t digest[SW_SHA256_BYTES]) {
    for (int i = 0; i < SW_SHA256_BYTES; i++) snprintf(out + 2 * i, 3, "%02x", digest[i]);
}
