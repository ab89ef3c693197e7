/* SPDX-License-Identifier: Apache-2.0 */
/* record: see record.h. */
#include "item/record.h"

#include <strings.h>

#include "base/array.h"
#include "base/text.h"
#include "item/arena.h"
#include "item/card_print.h"
#include "item/component.h"
#include "item/parse.h"

static const struct item_style ours = { ITEM_RECORD, ITEM_CRLF };

void
record_clear(struct record *r)
{
	free(r->fields);
	arena_free(r->arena);
	*r = (struct record){ .fields = NULL };
}

/* ---- writing ---- */

static int
record_open(struct buf *out, struct item_style style, struct err *err)
{
	return component_print_line(out, "BEGIN:VITEM", style, err) < 0
		       ? -1
		       : component_print_line(out, "VERSION:1.0", style, err);
}

static int
record_close(struct buf *out, struct item_style style, struct err *err)
{
	return component_print_line(out, "END:VITEM", style, err);
}

static bool
is_taken(const char *name)
{
	static const char *const taken[] = { "BEGIN", "END", "VERSION", "UID" };

	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		if (strcmp(name, taken[i]) == 0)
			return true;
	return false;
}

static bool
name_of(char out[static RECORD_NAME_MAX + 1], struct span name)
{
	if (name.n == 0 || name.n > RECORD_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];
		bool lower = c >= 'a' && c <= 'z';
		if (!lower && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '-')
			return false;
		out[i] = (char)(lower ? c - 32 : c);
	}
	out[name.n] = '\0';
	return !is_taken(out);
}

static int
print_field(struct buf *out, const struct record_field *f, struct err *err)
{
	char name[RECORD_NAME_MAX + 1];

	if (!name_of(name, f->name)) {
		err_set(err, ERR_USAGE, "a field's name that is none");
		return err_hint(err, "1 to %u letters, digits and -; not BEGIN, END, VERSION, UID",
				RECORD_NAME_MAX);
	}
	return component_print_text(out, name, f->value, ours, err);
}

int
record_print(struct buf *out, const struct record *r, struct err *err)
{
	if (record_open(out, ours, err) < 0 ||
	    (r->uid.n && component_print_text(out, "UID", r->uid, ours, err) < 0))
		return -1;
	for (size_t i = 0; i < r->n_fields; i++)
		if (print_field(out, &r->fields[i], err) < 0)
			return -1;
	return record_close(out, ours, err);
}

/* ---- reading ---- */

static int
keep(struct record *r, struct span *out, struct span text, struct err *err)
{
	const char *copy;

	if (arena_string(&r->arena, &copy, text, err) < 0)
		return -1;
	*out = span_str(copy);
	return 0;
}

static int
read_property(void *ctx, struct span name, const struct value *v, struct err *err)
{
	struct record *r = ctx;
	struct record_field f;
	char upper[RECORD_NAME_MAX + 1];

	if (!name_of(upper, name)) /* UID, VERSION, and what is none of ours */
		return name.n == 3 && strncasecmp((const char *)name.p, "UID", 3) == 0 && !r->uid.n
			       ? keep(r, &r->uid, value_part(v, 0), err)
			       : 0;
	if (array_reserve((void **)&r->fields, &r->cap_fields, r->n_fields + 1, sizeof *r->fields,
			  ITEM_FIELDS_MAX, err) < 0 ||
	    keep(r, &f.name, span_str(upper), err) < 0 ||
	    keep(r, &f.value, value_part(v, 0), err) < 0)
		return -1;
	r->fields[r->n_fields++] = f;
	return 0;
}

int
record_parse(struct record *out, struct span bytes, struct err *err)
{
	AUTO(item_free) struct item *it = NULL;
	AUTO(record_clear) struct record r = { .fields = NULL };

	if (form_record.parse(&it, bytes, "", 1, NULL, err) < 0 ||
	    component_each(bytes, ITEM_RECORD, read_property, &r, err) < 0)
		return -1;
	*out = r;
	r = (struct record){ .fields = NULL };
	return 0;
}

/* ---- the form ---- */

static int
name_item(struct parse *p, struct err *err)
{
	static const char *const names[] = { "NAME", "FN", "TITLE", "SUMMARY" };
	struct item *it = p->it;
	const struct field *uid = parse_first_field(it, "UID");

	it->name = component_first_value(it, names, 4);
	it->uid = uid ? uid->value : NULL;
	return uid ? 0 : component_content_id(p, "record:", names, 4, &it->uid, err);
}

static const struct component_kind kind = { "VITEM", ITEM_RECORD, &form_record, name_item };

static int
parse(struct item **out, struct span bytes, const char *source, unsigned line,
      const struct item_profile *profile, struct err *err)
{
	return component_parse(out, bytes, source, line, profile, &kind, err);
}

const struct form form_record = {
	.name = "record",
	.types = { "text/x-cloudbox-record" },
	.kind = FORM_RECORD,
	.match = FORM_BY_UID,
	.content_lines = true,
	.unwritable = N_("this value cannot be written into the item"),
	.parse = parse,
	.open = record_open,
	.close = record_close,
	.print = component_print,
	.print_member = card_print_member,
	.group = card_group,
};
