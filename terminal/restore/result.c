/* SPDX-License-Identifier: Apache-2.0 */
/* result: what a restore tells, row by row. */
#include <stdio.h>

#include "base/array.h"
#include "base/text.h"
#include "box/shortcuts.h"
#include "item/charset.h"
#include "restore/restore_internal.h"

#define RESULT_ROWS_MAX   LISTING_ITEMS_MAX
#define RESULT_ALARMS_MAX 64

const char *
restore_outcome_name(enum restore_outcome outcome)
{
	switch (outcome) {
	case RESTORE_IDENTICAL:
		return "identical";
	case RESTORE_MERGED:
		return "merged";
	case RESTORE_ADDED:
		return "added";
	case RESTORE_SKIPPED:
		return "skipped";
	case RESTORE_FAILED:
		break;
	}
	return "failed";
}

void
restore_fields_free(struct restore_field *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(f[i].field);
		free(f[i].value);
		free(f[i].here);
	}
	free(f);
}

void
restore_result_clear(struct restore_result *r)
{
	for (size_t i = 0; i < r->n_items; i++) {
		struct restore_item *it = &r->items[i];

		free(it->app);
		free(it->id);
		free(it->name);
		free(it->reason);
		restore_fields_free(it->added, it->n_added);
		restore_fields_free(it->held, it->n_held);
	}
	free(r->items);
	for (size_t i = 0; i < r->n_alarms; i++)
		free(r->alarms[i]);
	free(r->alarms);
	*r = (struct restore_result){ 0 };
}

/* Length of the UTF-8 sequence at @s, 0 if it is none. */
static size_t
sequence(struct span s)
{
	size_t n = s.p[0] < 0x80 ? 1 : s.p[0] < 0xe0 ? 2 : s.p[0] < 0xf0 ? 3 : 4;

	return n <= s.n && charset_is_utf8(span_of(s.p, n)) ? n : 0;
}

char *
text_for_people(struct span bytes, struct err *err)
{
	char *text = malloc(3 * bytes.n + 1), *to = text;

	if (!text) {
		err_nomem(err);
		return NULL;
	}
	while (bytes.n) {
		size_t n = sequence(bytes);
		bool control =
			n == 1 && (bytes.p[0] < 0x20 || bytes.p[0] == 0x7f) && bytes.p[0] != '\n';

		memcpy(to, n && !control ? (const void *)bytes.p : "\xef\xbf\xbd",
		       n && !control ? n : 3);
		to += n && !control ? n : 3;
		bytes = span_skip(bytes, n ? n : 1);
	}
	*to = '\0';
	return text;
}

bool
path_is_safe(struct span path)
{
	const uint8_t *p = path.p, *end = path.p + path.n;

	if (path.n == 0 || path.n > APP_PATH_MAX || memchr(path.p, '\0', path.n))
		return false;
	while (p <= end) {
		const uint8_t *slash = memchr(p, '/', (size_t)(end - p));
		size_t n = (size_t)((slash ? slash : end) - p);

		if (n == 0 || n > 255 || (n == 1 && p[0] == '.') ||
		    (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		p += n + 1;
	}
	return true;
}

static int
row_new(size_t *row, struct restore_result *out, struct err *err)
{
	if (array_reserve((void **)&out->items, &out->cap_items, out->n_items + 1,
			  sizeof *out->items, RESULT_ROWS_MAX, err) < 0)
		return -1;
	*row = out->n_items++;
	return 0;
}

int
result_add(size_t *row, struct run *r, struct span app, struct span native_id, struct span name,
	   struct err *err)
{
	AUTO(buf_clear) struct buf id = BUF_INIT(16 << 10);
	uint8_t item[BOX_ID_BYTES];
	struct restore_item *it;

	keys_item_id(item, r->me->ids, app, native_id);
	if (item_show_id(&id, r->box, native_id, item, err) < 0 || row_new(row, r->out, err) < 0)
		return -1;
	it = &r->out->items[*row];
	it->outcome = RESTORE_FAILED;
	it->app = text_for_people(app, err);
	it->id = text_for_people(buf_span(&id), err);
	it->name = text_for_people(name, err);
	it->reason = strdup("");
	if (!it->app || !it->id || !it->name || !it->reason)
		return err_nomem(err);
	return 0;
}

/* This device's own item: the Box knows what it is called. */
static int
add_known(bool *known, struct run *r, const char *app, const struct wire_item *at, size_t *row,
	  struct err *err)
{
	AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;
	int rc = inventory_get_id(&f, r->box, at->item.b, err);

	*known = rc == 0;
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	return result_add(row, r, span_str(f.item.app ? f.item.app : app), f.item.native_id,
			  f.item.name, err);
}

int
result_add_unopened(struct run *r, const char *app, const struct wire_item *at,
		    const struct err *why, struct err *err)
{
	struct restore_item *it;
	bool known = false;
	size_t row = 0;

	if (add_known(&known, r, app, at, &row, err) < 0)
		return -1;
	if (!known) {
		char hex[9];

		hex_encode(hex, span_of(at->item.b, 4));
		if (row_new(&row, r->out, err) < 0)
			return -1;
		it = &r->out->items[row];
		it->app = strdup(app);
		it->id = strdup(hex);
		it->name = strdup("");
		it->reason = strdup("");
		if (!it->app || !it->id || !it->name || !it->reason)
			return err_nomem(err);
	}
	return result_set(r, row, RESTORE_FAILED, why->msg, err);
}

int
result_set(struct run *r, size_t row, enum restore_outcome outcome, const char *reason,
	   struct err *err)
{
	struct restore_item *it = &r->out->items[row];

	free(it->reason);
	it->outcome = outcome;
	it->reason = text_for_people(span_str(reason), err);
	return it->reason ? 0 : -1;
}

int
result_alarm(struct restore_result *out, const char *sentence, struct err *err)
{
	for (size_t i = 0; i < out->n_alarms; i++)
		if (strcmp(out->alarms[i], sentence) == 0)
			return 0;
	if (array_reserve((void **)&out->alarms, &out->cap_alarms, out->n_alarms + 1,
			  sizeof *out->alarms, RESULT_ALARMS_MAX, err) < 0)
		return -1;
	out->alarms[out->n_alarms] = strdup(sentence);
	if (!out->alarms[out->n_alarms])
		return err_nomem(err);
	out->n_alarms++;
	return 0;
}

static int
by_app_name_id(const void *a, const void *b)
{
	const struct restore_item *x = a, *y = b;
	int c = strcmp(x->app, y->app);

	if (c == 0)
		c = strcmp(x->name, y->name);
	return c ? c : strcmp(x->id, y->id);
}

void
result_sort(struct restore_result *out)
{
	if (out->n_items > 1)
		qsort(out->items, out->n_items, sizeof *out->items, by_app_name_id);
}
