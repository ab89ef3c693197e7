/* SPDX-License-Identifier: Apache-2.0 */
/* dict: the table of dictionaries; see dict.h.  Lines are only ever added. */
#include "format/dict.h"

#define CONTACTS_1_BYTES 16384
#define ITEMS_1_BYTES    8192

/* tools/embed.py writes them */
extern const uint8_t dict_contacts_1[CONTACTS_1_BYTES];
extern const uint8_t dict_items_1[ITEMS_1_BYTES];

enum { CONTACTS_1, ITEMS_1, N_DICTS };

const struct dict dicts[] = {
	[CONTACTS_1] = { "contacts-1",
			 { 0x99, 0x67, 0xa6, 0x63 },
			 { dict_contacts_1, CONTACTS_1_BYTES } },
	[ITEMS_1] = { "items-1", { 0xaf, 0xcd, 0xdd, 0xc9 }, { dict_items_1, ITEMS_1_BYTES } },
};
const size_t n_dicts = N_DICTS;

size_t
dict_for_mime(struct span mime)
{
	return span_equal(mime, span_str("text/vcard")) ? CONTACTS_1 : ITEMS_1;
}

size_t
dict_by_tag(const uint8_t tag[static DICT_TAG_BYTES])
{
	size_t i = 0;

	while (i < n_dicts && memcmp(dicts[i].tag, tag, DICT_TAG_BYTES) != 0)
		i++;
	return i;
}
