/* SPDX-License-Identifier: Apache-2.0 */
/* item: see item.h. */
#include "item/item.h"

#include <sodium.h>
#include <stdio.h>
#include <strings.h>

#include "base/array.h"
#include "base/bytes.h"
#include "item/arena.h"

void
item_free(struct item *it)
{
	if (!it)
		return;
	arena_free(it->arena);
	free(it->fields);
	free(it->members);
	free(it);
}

void
item_mark_dropped(struct item *it)
{
	for (size_t i = 0; it->profile && it->profile->drops && i < it->n_fields; i++) {
		struct field *f = &it->fields[i];

		if (!(f->flags & (FIELD_STRUCTURE | FIELD_EMPTY)) &&
		    (item_profile_drops(it->profile, f->name) ||
		     item_profile_drops(it->profile, f->means)))
			f->flags |= FIELD_DROPPED;
	}
}

const char *
item_own_id(const struct item *it, size_t nth)
{
	if (it->uid && nth-- == 0)
		return it->uid;
	for (size_t i = 0; i < it->n_fields; i++)
		if (strcmp(it->fields[i].name, "X-CLOUDBOX-UID") == 0 && it->fields[i].value[0] &&
		    nth-- == 0)
			return it->fields[i].value;
	return NULL;
}

const char *
item_line_end_text(enum item_line_end e)
{
	static const char *const ends[] = {
		[ITEM_CRLF] = "\r\n", [ITEM_LF] = "\n", [ITEM_CR] = "\r"
	};

	return ends[e];
}

static int
key_order(const void *a, const void *b)
{
	return memcmp(a, b, FIELD_KEY_BYTES);
}

static bool
tells_who(const struct field *f)
{
	return !(f->flags & FIELD_IGNORED) &&
	       (strcmp(f->name, "TEL") == 0 || strcmp(f->name, "EMAIL") == 0);
}

int
item_content_id(const struct item *it, uint8_t out[static ITEM_CONTENT_ID_BYTES], struct err *err)
{
	AUTO(free) struct field_key *keys = calloc(it->n_fields + 1, sizeof *keys);
	crypto_generichash_state hash;
	size_t n = 0;

	if (!keys)
		return err_nomem(err);
	for (size_t i = 0; i < it->n_fields; i++)
		if (tells_who(&it->fields[i]))
			keys[n++] = it->fields[i].stored_key;
	qsort(keys, n, sizeof *keys, key_order);
	crypto_generichash_init(&hash, NULL, 0, ITEM_CONTENT_ID_BYTES);
	if (it->n_name_keys)
		crypto_generichash_update(&hash, it->name_keys[0].b, FIELD_KEY_BYTES);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || !field_key_equal(&keys[i - 1], &keys[i]))
			crypto_generichash_update(&hash, keys[i].b, FIELD_KEY_BYTES);
	if (n == 0 && it->n_name_keys == 0)
		crypto_generichash_update(&hash, it->bytes.p, it->bytes.n);
	crypto_generichash_final(&hash, out, ITEM_CONTENT_ID_BYTES);
	return 0;
}

static void
uuid8_bits(uint8_t out[static 16], const uint8_t item_id[static 16])
{
	memcpy(out, item_id, 16);
	out[6] = (uint8_t)(0x80 | (out[6] & 0x0f)); /* version 8: RFC 9562 5.8 */
	out[8] = (uint8_t)(0x80 | (out[8] & 0x3f)); /* variant 10: RFC 9562 4.1 */
}

void
uuid8_urn(char out[static UUID8_URN_BYTES], const uint8_t item_id[static 16])
{
	uint8_t bits[16];
	char hex[33];

	uuid8_bits(bits, item_id);
	hex_encode(hex, SPAN_ARRAY(bits));
	snprintf(out, UUID8_URN_BYTES, "urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
		 hex + 16, hex + 20);
}

bool
uuid8_is(struct span uid, const uint8_t item_id[static 16])
{
	char urn[UUID8_URN_BYTES];

	uuid8_urn(urn, item_id);
	const char *plain = urn + strlen("urn:uuid:");
	return (uid.n == strlen(urn) && strncasecmp(urn, (const char *)uid.p, uid.n) == 0) ||
	       (uid.n == strlen(plain) && strncasecmp(plain, (const char *)uid.p, uid.n) == 0);
}

bool
item_profile_is_coarse(const struct item_profile *p)
{
	return p && (p->seconds || p->conversations || p->only_missed);
}

bool
item_profile_drops(const struct item_profile *profile, const char *name)
{
	for (const char *const *d = profile ? profile->drops : NULL; d && *d; d++)
		if (strcmp(*d, name) == 0)
			return true;
	return false;
}
