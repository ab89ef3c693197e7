/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plug-in's lines: any bytes are a hello, an answer or refused; a record that is read is told in a way
 * that is read as the same bytes, and is an item of its form.
 */
#include "apps/plugin_message.h"
#include "fuzz.h"
#include "item/record.h"

static void
as_hello(struct span line)
{
	AUTO(plugin_hello_clear) struct plugin_hello h = { .form = NULL };
	struct err err = { 0 };

	if (plugin_hello_parse(&h, line, &err) < 0) {
		FUZZ_TRUE(err.code != ERR_NONE && h.form == NULL);
		return;
	}
	FUZZ_TRUE(h.form && strlen(h.name) <= PLUGIN_NAME_MAX);
}

/* {"do":"add","item":{…}} becomes {"item":{"id":"x",…}}. */
static void
tell_and_hear(const struct plugin_answer *a)
{
	AUTO(buf_clear) struct buf told = BUF_INIT(64 << 20);
	AUTO(buf_clear) struct buf line = BUF_INIT(64 << 20);
	AUTO(plugin_answer_clear) struct plugin_answer again = PLUGIN_ANSWER_INIT;
	static const char begin[] = "{\"do\":\"add\",\"item\":{";
	struct plugin_hello h = { .form = &form_record };
	struct span none = { NULL, 0 };
	struct err err = { 0 };

	if (plugin_change_print(&told, &h, "add", none, none, buf_span(&a->bytes), &err) < 0) {
		FUZZ_TRUE(err.code == ERR_LIMIT || err.code == ERR_UNSUPPORTED);
		return;
	}
	FUZZ_TRUE(told.n > sizeof begin && memcmp(told.p, begin, sizeof begin - 1) == 0);
	if (buf_append_str(&line, "{\"item\":{\"id\":\"x\",", &err) < 0 ||
	    buf_append(&line, span_skip(buf_span(&told), sizeof begin - 1), &err) < 0)
		return;
	FUZZ_TRUE(plugin_answer_parse(&again, &form_record, span_of(line.p, line.n - 1), &err) ==
		  0);
	FUZZ_TRUE(span_equal(buf_span(&again.bytes), buf_span(&a->bytes)));
}

static void
as_answer(struct span line, const struct form *form)
{
	AUTO(plugin_answer_clear) struct plugin_answer a = PLUGIN_ANSWER_INIT;
	AUTO(record_clear) struct record r = { .fields = NULL };
	struct err err = { 0 };

	if (plugin_answer_parse(&a, form, line, &err) < 0) {
		FUZZ_TRUE(err.code != ERR_NONE);
		return;
	}
	FUZZ_TRUE(a.says != PLUGIN_ITEM || (a.id.n && a.id.n <= PLUGIN_ID_MAX));
	if (a.says != PLUGIN_ITEM || form != &form_record)
		return;
	FUZZ_TRUE(record_parse(&r, buf_span(&a.bytes), &err) == 0);
	tell_and_hear(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(free) uint8_t *exact = fuzz_copy(span_of(data, n));
	struct span line = span_of(exact, n);

	as_hello(line);
	as_answer(line, &form_record);
	as_answer(line, &form_card);
	return 0;
}
