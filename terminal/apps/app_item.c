/* SPDX-License-Identifier: Apache-2.0 */
/* app_item: see app_item.h. */
#include "apps/app_item.h"

#include <unistr.h>

#include "item/thread.h"

#define NAME_BYTES_MAX   1024
#define UID_MAX          1024 /* a longer UID is no id */
#define THREAD_BYTES_MAX 4096

_Static_assert(APP_CONTENT_ID_BYTES == ITEM_CONTENT_ID_BYTES &&
		       ITEM_CONTENT_ID_BYTES == FIELD_KEY_BYTES,
	       "an item's ids by content are the keys of lib/item");

/* Thread and party, behind the name in @name. */
static int
add_thread(struct app_item *out, struct buf *name, const struct item *it, struct err *err)
{
	AUTO(buf_clear) struct buf thread = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf party = BUF_INIT(ITEM_BYTES_MAX);
	size_t name_n = name->n, thread_n;

	if (item_thread(&thread, &party, it, err) < 0)
		return -1;
	/* What does not fit is no thread that anybody could name. */
	if (thread.n && thread.n <= THREAD_BYTES_MAX &&
	    buf_append(name, buf_span(&thread), err) < 0)
		return -1;
	thread_n = name->n - name_n;
	if (party.n && name_for_people(name, buf_span(&party), err) < 0)
		return -1;
	out->name = span_of(name->p, name_n);
	out->thread = span_of(name->p + name_n, thread_n);
	out->party = span_skip(buf_span(name), name_n + thread_n);
	return 0;
}

int
app_item_name(struct app_item *out, struct buf *name, const struct item *it, struct err *err)
{
	size_t uid_n = it->uid ? strlen(it->uid) : 0;

	if (uid_n && uid_n <= UID_MAX)
		out->uid = span_of(it->uid, uid_n);
	else if (out->id_by_content && item_content_id(it, out->content_id, err) < 0)
		return -1;
	if (it->n_name_keys > 0)
		memcpy(out->name_id, it->name_keys[0].b, sizeof out->name_id);
	if (it->at_unix_ms)
		out->modified_unix_ms = it->at_unix_ms;
	buf_reset(name);
	if (name_for_people(name, span_str(it->name), err) < 0)
		return -1;
	if (it->form->thread)
		return add_thread(out, name, it, err);
	out->name = buf_span(name);
	return 0;
}

/* One character of @s as it is shown; *n receives its length in @s. */
static ucs4_t
shown_character(struct span s, size_t *n)
{
	ucs4_t c = 0;
	int got = u8_mbtoucr(&c, s.p, s.n);

	*n = got > 0 ? (size_t)got : 1;
	if (got <= 0)
		return 0xfffd;
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return ' ';
	return c;
}

int
name_for_people(struct buf *out, struct span name, struct err *err)
{
	size_t start = out->n, n;
	uint8_t utf8[6];

	while (name.n && out->n - start < NAME_BYTES_MAX - 4) {
		ucs4_t c = shown_character(name, &n);
		int len = u8_uctomb(utf8, c, sizeof utf8);
		if (buf_append(out, span_of(utf8, len > 0 ? (size_t)len : 0), err) < 0)
			return -1;
		name = span_skip(name, n);
	}
	if (out->n == start)
		return buf_append_str(out, "?", err);
	return 0;
}
