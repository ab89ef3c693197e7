/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dict: the zstd dictionaries that ship with the program.
 *
 * Trained on invented data (tools/train-dictionary.py), embedded by the build, named in a record by
 * the first four bytes of their hash, and kept for ever: a new one is a new file and a new line in
 * dict.c.
 */
#ifndef FORMAT_DICT_H
#define FORMAT_DICT_H

#include "base/span.h"

#define DICT_TAG_BYTES 4

struct dict {
	const char *name;            /* "contacts-1" */
	uint8_t tag[DICT_TAG_BYTES]; /* the first bytes of BLAKE2b-256 of its bytes */
	struct span bytes;
};

extern const struct dict dicts[];
extern const size_t n_dicts;

/** Place in dicts[] of the dictionary for new records of this MIME type. */
size_t dict_for_mime(struct span mime);

/** Place in dicts[] of the one with this tag, or n_dicts. */
size_t dict_by_tag(const uint8_t tag[static DICT_TAG_BYTES]);

#endif
