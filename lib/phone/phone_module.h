/* SPDX-License-Identifier: Apache-2.0 */
/* phone_module: what the module cloudbox-phone-numbers.so exports, in C. */
#ifndef PHONE_PHONE_MODULE_H
#define PHONE_PHONE_MODULE_H

#include <stddef.h>

#define PHONE_MODULE_FILE "cloudbox-phone-numbers.so"

#ifdef __cplusplus
extern "C" {
#endif

/** 1: @number (@n bytes) is a valid number as it is dialled in @region, and in E.164 in @out
 *  (NUL-terminated, at most 31 bytes); 0: it is not. */
int cloudbox_phone_e164(char *out, const char *number, size_t n, const char *region);

/** 1: libphonenumber knows the region. */
int cloudbox_phone_is_region(const char *region);

#ifdef __cplusplus
}
#endif

#endif
