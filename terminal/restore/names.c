/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names: what an item is called whose record cannot be opened.
 *
 * Its id is a keyed hash of its native id, and the Box of its device lists native ids and paths: the
 * one that gives this id is it.
 */
#include "base/array.h"
#include "box/box_items.h"
#include "box/shortcuts.h"
#include "restore/restore_internal.h"
#include "restore/result_rows.h"

#define PARTS_MAX (1u << 16)

struct naming {
	struct run *r;
	struct opened *parts; /* owned: the Box's items */
	size_t n, cap;
};

static void
naming_clear(struct naming *n)
{
	for (size_t i = 0; i < n->n; i++)
		opened_clear(&n->parts[i]);
	free(n->parts);
}
AUTO_OBJ(naming_clear, struct naming);

static int
keep_part(void *ctx, const struct fetched *it, struct err *err)
{
	struct naming *n = ctx;

	if (!it->record)
		return 0;
	if (array_reserve((void **)&n->parts, &n->cap, n->n + 1, sizeof *n->parts, PARTS_MAX, err) <
	    0)
		return -1;
	if (opened_copy(&n->parts[n->n], it, err) < 0) {
		opened_clear(&n->parts[n->n]);
		return -1;
	}
	n->n++;
	return 0;
}

static int
fetch_parts(struct naming *n, struct err *err)
{
	struct fetch *f = n->r->fetch;
	struct id16 box = opener_folder_id(fetch_opener(f), span_str(BOX_APP));
	struct fetch_sink sink = { n, keep_part, NULL };
	AUTO(listing_clear) struct listing want = { 0 };

	if (fetch_live(f)->n == 0 && fetch_list(f, err) < 0)
		return -1;
	if (listing_of_folder(&want, fetch_live(f), &box, err) < 0)
		return -1;
	return fetch_records(f, &want, FETCH_LIVE, &sink, err);
}

/* The last part of a path. */
static struct span
file_name(struct span path)
{
	const uint8_t *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;

	return slash ? span_skip(path, (size_t)(slash - path.p) + 1) : path;
}

static int
put_name(struct run *r, size_t row, const char *app, struct span native_id, struct span path,
	 struct err *err)
{
	AUTO(buf_clear) struct buf id = BUF_INIT(16 << 10);
	struct restore_item *it;
	uint8_t item[BOX_ID_BYTES];

	if (result_rows_open(&it, r->out->rows, row, err) < 0)
		return -1;
	keys_item_id(item, r->me->ids, span_str(app), native_id);
	if (item_show_id(&id, r->box, native_id, item, err) < 0)
		return -1;
	free(it->app);
	free(it->id);
	free(it->name);
	it->app = strdup(app);
	it->id = line_for_people(buf_span(&id), err);
	it->name = line_for_people(file_name(path), err);
	return it->app && it->id && it->name ? 0 : err_nomem(err);
}

static int
try_shortcut(void *ctx, const char *app, struct span native_id, struct span path, bool selected,
	     struct err *err)
{
	struct run *r = ((struct naming *)ctx)->r;
	struct id16 id = opener_item_id(fetch_opener(r->fetch), span_str(app), native_id);

	(void)selected;
	for (size_t i = 0; i < r->n_nameless; i++)
		if (id16_equal(&r->nameless[i].item, &id) &&
		    put_name(r, r->nameless[i].row, app, native_id, path, err) < 0)
			return -1;
	return 0;
}

static int
read_part(struct naming *n, const struct record *part, struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(BOX_ITEM_BYTES_MAX);
	struct payload_sink sink = { &bytes, payload_to_buf };

	if (fetch_payload(n->r->fetch, part, &sink, err) < 0)
		return -1;
	return box_item_each_shortcut(part->native_id, buf_span(&bytes), try_shortcut, n, err);
}

int
name_nameless(struct run *r, struct err *err)
{
	AUTO(naming_clear) struct naming n = { .r = r };
	struct err why = { 0 };

	if (r->n_nameless == 0 || !r->fetch)
		return 0;
	if (fetch_parts(&n, &why) < 0)
		return why.code == ERR_NOMEM ? err_nomem(err) : 0;
	for (size_t i = 0; i < n.n; i++)
		if (read_part(&n, &n.parts[i].record, &why) < 0 && why.code == ERR_NOMEM)
			return err_nomem(err);
	return 0;
}
