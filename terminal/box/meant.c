/* SPDX-License-Identifier: Apache-2.0 */
/* meant: see meant.h. */
#include "box/meant.h"

#include <stdlib.h>
#include <time.h>

#include "apps/item_reader.h"
#include "box/box_internal.h"
#include "item/thread.h"

#define TEXT_MAX (2 * WHERE_BYTES_MAX)

struct meant {
	struct app_session *session;
	struct region_profile profile;
	struct where *where;
	struct where_test *test;
	struct buf text;
	struct buf bytes; /* of the item at hand */
	unsigned needs;
};

static int64_t
east_s(int64_t at_unix_ms)
{
	time_t at = (time_t)(at_unix_ms / 1000);
	struct tm tm;

	return localtime_r(&at, &tm) ? tm.tm_gmtoff : 0;
}

int
meant_new(struct meant **out, struct box *b, struct app_session *s, struct span expression,
	  struct err *err)
{
	AUTO(meant_free) struct meant *m = calloc(1, sizeof *m);
	struct where_clock clock = { box_now(), east_s };

	if (!m)
		return err_nomem(err);
	m->session = s;
	m->text = (struct buf)BUF_INIT(TEXT_MAX);
	m->bytes = (struct buf)BUF_INIT(ITEM_BYTES_MAX);
	if (where_parse(&m->where, expression, err) < 0 ||
	    region_profile(&m->profile, b, s ? s->adapter->profile : NULL, err) < 0 ||
	    where_test_new(&m->test, m->where, &m->profile.item.keys, &clock, err) < 0 ||
	    where_print(&m->text, m->where, err) < 0)
		return -1;
	m->needs = where_needs(m->where);
	*out = TAKE(m);
	return 0;
}

void
meant_free(struct meant *m)
{
	if (!m)
		return;
	where_test_free(m->test);
	where_free(m->where);
	buf_clear(&m->text);
	buf_clear(&m->bytes);
	free(m);
}

const char *
meant_text(const struct meant *m)
{
	return buf_str(&m->text);
}

bool
meant_needs_types(const struct meant *m)
{
	return m->needs & (WHERE_TYPE | WHERE_WHEN);
}

static bool
needs_fields(const struct meant *m, const struct form *form)
{
	bool has_own_date = form->kind == FORM_MESSAGE || form->kind == FORM_CALL;

	return m->needs & WHERE_FIELDS || (m->needs & WHERE_WHEN && !has_own_date);
}

bool
meant_reads(const struct meant *m, const struct form *form)
{
	return needs_fields(m, form) || (form->thread && m->needs & WHERE_PARTIES);
}

int
meant_bytes(struct meant *m, const struct where_item *item, const struct form *form,
	    struct span bytes, struct err *err)
{
	AUTO(item_free) struct item *it = NULL;
	AUTO(buf_clear) struct buf thread = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf party = BUF_INIT(ITEM_BYTES_MAX);
	struct where_item w = *item;
	struct err why = { 0 };

	/* What cannot be parsed has no fields. */
	if (form && bytes.n && form->parse(&it, bytes, "", 1, &m->profile.item, &why) < 0 &&
	    why.code == ERR_NOMEM)
		return err_nomem(err);
	w.fields = it;
	if (it && !w.thread.n) {
		if (item_thread(&thread, &party, it, err) < 0)
			return -1;
		w.thread = buf_span(&thread);
		w.party = buf_span(&party);
	}
	return where_meets(m->test, &w, err);
}

int
meant_item(struct meant *m, const struct inventory_item *item, struct err *err)
{
	const struct form *form = m->session->adapter->form;
	struct where_item w = {
		.name = item->name,
		.path = span_str(item->place.source),
		.type = item->type,
		.size = item->size,
		.modified_unix_ms = item->modified_unix_ms,
		.taken = item->taken,
		.thread = item->thread,
		.party = item->party,
	};
	struct err why = { 0 };
	int rc;

	if (meant_needs_types(m) && !item->type)
		return MEANT_UNREAD;
	if (!form || !needs_fields(m, form))
		return where_meets(m->test, &w, err);
	buf_reset(&m->bytes);
	rc = item_read_all(&m->bytes, m->session, &item->place, &why);
	if (rc < 0 && why.code == ERR_NOMEM)
		return err_nomem(err);
	return rc ? MEANT_UNREAD : meant_bytes(m, &w, form, buf_span(&m->bytes), err);
}
