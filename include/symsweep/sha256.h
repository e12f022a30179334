/* sha256.h: SHA-256 (FIPS 180-4), by libcrypto. */
#pragma once

#include "symsweep/fail.h"

#include <stdint.h>

enum { SW_SHA256_BYTES = 32, SW_SHA256_DIGITS = 64 };

sw_status sw_sha256(uint8_t out[SW_SHA256_BYTES], const void *bytes, size_t count) SW_MUST_CHECK;
/* A digest as 64 hexadecimal digits. */
void sw_sha256_hex(char out[SW_SHA256_DIGITS + 1], const uint8_t digest[SW_SHA256_BYTES]);
