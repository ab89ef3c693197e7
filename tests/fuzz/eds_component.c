/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eds_component: what a service shows is shown, whatever it shows; and a service that drops the lines that
 * the input chooses loses no field of an event, as long as it keeps X-CLOUDBOX-RAW.
 */
#include "apps/eds_component.h"
#include "fuzz.h"

static bool
has_key(const struct item *it, const struct field_key *k)
{
	for (size_t i = 0; i < it->n_fields; i++)
		if (field_key_equal(&it->fields[i].key, k))
			return true;
	return false;
}

static bool
may_be_dropped(const struct contentline *line)
{
	static const char *const kept[] = { "BEGIN", "UID", "RECURRENCE-ID", EDS_RAW, "END" };

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		if (line->kind == CONTENTLINE_PROPERTY && contentline_is(line, kept[i]))
			return false;
	return true;
}

/* eds_print_fn: every line but those that the first byte of their names chooses. */
static int
print(void *ctx, struct buf *out, const char *text, struct err *err)
{
	AUTO(contentline_clear) struct contentline_cursor c;
	const struct span source = span_str(text);
	struct contentline line;
	int rc;

	contentline_init(&c, source, "", 1);
	while ((rc = contentline_next(&c, &line, err)) == 0) {
		if (may_be_dropped(&line) && line.name.n &&
		    (*(const uint8_t *)ctx >> (line.name.p[0] & 7) & 1))
			continue;
		if (buf_append(out, range_span(source, line.range), err) < 0)
			return -1;
	}
	return rc == CONTENTLINE_END ? 0 : -1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(buf_clear) struct buf shown = BUF_INIT(1u << 24);
	AUTO(buf_clear) struct buf again = BUF_INIT(1u << 24);
	AUTO(buf_clear) struct buf written = BUF_INIT(1u << 24);
	AUTO(buf_clear) struct buf printed = BUF_INIT(1u << 24);
	AUTO(item_free) struct item *it = NULL;
	AUTO(item_free) struct item *now = NULL;
	struct span bytes = span_of(data + (n > 0), n - (n > 0));
	uint8_t drops = n ? data[0] : 0;
	struct err err = { 0 };

	FUZZ_TRUE(eds_component_show(&shown, bytes, NULL) == 0);
	FUZZ_TRUE(eds_component_show(&again, buf_span(&shown), NULL) == 0);
	if (memchr(bytes.p, '\0', bytes.n) || form_event.parse(&it, bytes, "", 1, NULL, NULL) < 0)
		return 0;
	if (eds_component_write(&written, bytes, &form_event, print, &drops, &err) < 0) {
		FUZZ_TRUE(err.code == ERR_SYNTAX); /* an occurrence of nothing */
		return 0;
	}
	FUZZ_TRUE(print(&drops, &printed, buf_str(&written), NULL) == 0);
	buf_reset(&shown);
	FUZZ_TRUE(eds_component_show(&shown, buf_span(&printed), NULL) == 0);
	FUZZ_TRUE(form_event.parse(&now, buf_span(&shown), "", 1, NULL, NULL) == 0);
	for (size_t i = 0; i < it->n_fields; i++)
		FUZZ_TRUE((it->fields[i].flags & FIELD_IGNORED) ||
			  has_key(now, &it->fields[i].key));
	return 0;
}
