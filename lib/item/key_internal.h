/* SPDX-License-Identifier: Apache-2.0 */
/* key_internal: what the normalisations share.  Values are well-formed UTF-8. */
#ifndef ITEM_KEY_INTERNAL_H
#define ITEM_KEY_INTERNAL_H

#include <unitypes.h>

#include "item/key.h"

#define VALUE_MAX (SIZE_MAX / 4)

/** The character at @at and its length in *n (at least 1). */
ucs4_t key_char_at(struct span s, size_t at, size_t *n);

bool key_is_space(ucs4_t c);
bool key_is_ascii(struct span s);
bool key_starts_with(struct span s, const char *prefix); /* ASCII letters in any case */
uint8_t key_lower(uint8_t c);                            /* of ASCII */

/** Without blanks, in Unicode's sense, around it. */
struct span key_trim(struct span s);

int key_append_nfc(struct buf *out, struct span s, struct err *err);
int key_append_folded(struct buf *out, struct span s, struct err *err); /* case folded, NFC */
int key_append_lower(struct buf *out, struct span s, struct err *err);  /* ASCII */

#endif
