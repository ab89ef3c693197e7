/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sms_xml_thread: which thread a message belongs to (thread.h).
 *
 * An element's own `address` names the other parties, joined by '~'.  An MMS without one has the sender
 * and the receivers in its <addr> elements, the own number among the receivers of one that came in: where
 * there is but one of them, it is that.
 */
#include "item/sms_xml.h"
#include "item/thread.h"

#define LIST_MAX ((size_t)ITEM_BYTES_MAX)

static bool
says(const struct item *it, const char *name, const char *value)
{
	for (size_t i = 0; i < it->n_fields; i++)
		if (strcmp(it->fields[i].name, name) == 0)
			return strcmp(it->fields[i].value, value) == 0;
	return false;
}

static bool
is_address(const struct field *f)
{
	return strcmp(f->name, "ADDRESS") == 0 && !(f->flags & FIELD_EMPTY);
}

static bool
is_sender(const struct field *f)
{
	return strcmp(f->types, SMS_XML_SENDER) == 0;
}

static int
append_address(struct buf *list, const struct field *f, struct err *err)
{
	if (list->n && buf_append_byte(list, '~', err) < 0)
		return -1;
	return buf_append_str(list, f->value, err);
}

/* Of an MMS without an address of its own. */
static int
append_parties(struct buf *list, const struct item *it, struct err *err)
{
	bool came_in = says(it, "DIRECTION", "1");
	size_t receivers = 0;

	for (size_t i = 0; i < it->n_fields; i++)
		receivers += is_address(&it->fields[i]) && !is_sender(&it->fields[i]);
	for (size_t i = 0; i < it->n_fields; i++) {
		const struct field *f = &it->fields[i];
		bool other = is_sender(f) ? came_in : !came_in || receivers > 1;

		if (is_address(f) && other && append_address(list, f, err) < 0)
			return -1;
	}
	return 0;
}

int
sms_xml_thread(struct buf *thread, struct buf *party, const struct item *it, struct err *err)
{
	AUTO(buf_clear) struct buf list = BUF_INIT(LIST_MAX);

	for (size_t i = 0; i < it->n_fields; i++) {
		const struct field *f = &it->fields[i];

		if (is_address(f) && f->own.start == it->fields[0].own.start && !f->types[0] &&
		    append_address(&list, f, err) < 0)
			return -1;
		if (strcmp(f->name, "CONTACT") == 0 && strcmp(f->value, "(Unknown)") != 0 &&
		    buf_append_str(party, f->value, err) < 0)
			return -1;
	}
	if (list.n == 0 && append_parties(&list, it, err) < 0)
		return -1;
	return thread_of(thread, buf_span(&list), NULL, err);
}
