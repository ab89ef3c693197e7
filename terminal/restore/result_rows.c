/* SPDX-License-Identifier: Apache-2.0 */
/*
 * result_rows: see result_rows.h.  A row is put aside as
 *
 *     u32  bytes of what it is sorted by: app, name, id, each with its NUL; then these
 *     u8   outcome   u32  bytes of the reason; the reason
 *     five lists of fields: added, held, left, same, stays
 */
#include "restore/result_rows.h"

#include <assert.h>
#include <stdlib.h>

#include "base/array.h"
#include "item/form.h"
#include "os/scratch.h"

#define ROW_BYTES_MAX (8 * (size_t)ITEM_BYTES_MAX)
#define ROWS_MAX      (1u << 22)
#define FIELDS_MAX    (2 * (size_t)ITEM_FIELDS_MAX)
#define SORTED_BYTES  ((size_t)1 << 20) /* of keys that are sorted in memory at once */

struct row {
	uint64_t at;
	uint32_t n;      /* 0: it was never put aside */
	uint8_t outcome; /* enum restore_outcome */
};

struct result_rows {
	struct scratch *scratch; /* owned */
	struct row *rows;        /* owned, by number */
	size_t n, cap;
	uint32_t *order; /* owned; NULL: not sorted */
	struct restore_item item;
	size_t at_hand; /* number of `item`; SIZE_MAX: none */
	bool changed;
	struct buf bytes; /* of one row */
};

void
restore_item_clear(struct restore_item *it)
{
	free(it->app);
	free(it->id);
	free(it->name);
	free(it->reason);
	restore_fields_free(it->added, it->n_added);
	restore_fields_free(it->held, it->n_held);
	restore_fields_free(it->left, it->n_left);
	restore_fields_free(it->same, it->n_same);
	restore_fields_free(it->stays, it->n_stays);
	*it = (struct restore_item){ 0 };
}

int
result_rows_new(struct result_rows **out, int dir_fd, struct err *err)
{
	AUTO(result_rows_free) struct result_rows *l = calloc(1, sizeof *l);

	if (!l)
		return err_nomem(err);
	l->at_hand = SIZE_MAX;
	l->bytes = (struct buf)BUF_INIT(ROW_BYTES_MAX);
	if (scratch_new(&l->scratch, dir_fd, err) < 0)
		return -1;
	*out = TAKE(l);
	return 0;
}

void
result_rows_free(struct result_rows *l)
{
	if (!l)
		return;
	restore_item_clear(&l->item);
	buf_clear(&l->bytes);
	scratch_free(l->scratch);
	free(l->rows);
	free(l->order);
	free(l);
}

size_t
result_rows_n(const struct result_rows *l)
{
	return l ? l->n : 0;
}

size_t
result_rows_count(const struct result_rows *l, enum restore_outcome outcome)
{
	size_t n = 0;

	for (size_t i = 0; i < result_rows_n(l); i++)
		n += outcome ==
		     (i == l->at_hand ? l->item.outcome : (enum restore_outcome)l->rows[i].outcome);
	return n;
}

/* ---- as bytes ---- */

static int
put_text(struct buf *out, const char *text, struct err *err)
{
	struct span s = span_str(text ? text : "");

	return buf_append_u32(out, (uint32_t)s.n, err) < 0 ? -1 : buf_append(out, s, err);
}

static char *
get_text(struct reader *r)
{
	struct span s = read_span(r, read_u32(r));

	return strndup(s.n ? (const char *)s.p : "", s.n);
}

int
restore_fields_put(struct buf *out, const struct restore_field *f, size_t n, struct err *err)
{
	if (buf_append_u32(out, (uint32_t)n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (put_text(out, f[i].field, err) < 0 || put_text(out, f[i].value, err) < 0 ||
		    put_text(out, f[i].here, err) < 0)
			return -1;
	return 0;
}

int
restore_fields_get(struct restore_field **list, size_t *n, struct reader *r, struct err *err)
{
	size_t count = read_u32(r);

	if (count > FIELDS_MAX)
		return err_set(err, ERR_IO, "fields put aside are damaged");
	if (count == 0)
		return 0;
	*list = calloc(count, sizeof **list);
	if (!*list)
		return err_nomem(err);
	for (*n = 0; *n < count; ++*n) {
		struct restore_field *f = &(*list)[*n];

		f->field = get_text(r);
		f->value = get_text(r);
		f->here = get_text(r);
		if (!f->field || !f->value || !f->here) {
			++*n; /* what there is of it is freed with the others */
			return err_nomem(err);
		}
	}
	return 0;
}

static int
put_key(struct buf *out, const struct restore_item *it, struct err *err)
{
	const char *parts[] = { it->app, it->name, it->id };
	uint8_t *p;

	if (buf_extend(out, 4, &p, err) < 0)
		return -1;
	for (size_t i = 0; i < 3; i++) {
		const char *s = parts[i] ? parts[i] : "";

		if (buf_append(out, span_of(s, strlen(s) + 1), err) < 0)
			return -1;
	}
	put_u32(out->p, (uint32_t)(out->n - 4));
	return 0;
}

static int
encode(struct buf *out, const struct restore_item *it, struct err *err)
{
	if (put_key(out, it, err) < 0 || buf_append_byte(out, (uint8_t)it->outcome, err) < 0 ||
	    put_text(out, it->reason, err) < 0 ||
	    restore_fields_put(out, it->added, it->n_added, err) < 0 ||
	    restore_fields_put(out, it->held, it->n_held, err) < 0 ||
	    restore_fields_put(out, it->left, it->n_left, err) < 0 ||
	    restore_fields_put(out, it->same, it->n_same, err) < 0)
		return -1;
	return restore_fields_put(out, it->stays, it->n_stays, err);
}

/* The next text of a key, up to its NUL. */
static char *
get_part(struct reader *r)
{
	const uint8_t *end = r->left.n ? memchr(r->left.p, '\0', r->left.n) : NULL;
	struct span s = read_span(r, end ? (size_t)(end - r->left.p) + 1 : SIZE_MAX);

	return strdup(s.n ? (const char *)s.p : "");
}

static int
decode(struct restore_item *it, struct span bytes, struct err *err)
{
	struct reader r = reader_of(bytes), key = reader_of(read_span(&r, read_u32(&r)));

	it->app = get_part(&key);
	it->name = get_part(&key);
	it->id = get_part(&key);
	it->outcome = (enum restore_outcome)read_u8(&r);
	it->reason = get_text(&r);
	if (!it->app || !it->name || !it->id || !it->reason)
		return err_nomem(err);
	if (restore_fields_get(&it->added, &it->n_added, &r, err) < 0 ||
	    restore_fields_get(&it->held, &it->n_held, &r, err) < 0 ||
	    restore_fields_get(&it->left, &it->n_left, &r, err) < 0 ||
	    restore_fields_get(&it->same, &it->n_same, &r, err) < 0 ||
	    restore_fields_get(&it->stays, &it->n_stays, &r, err) < 0)
		return -1;
	return reader_done(&r, "a row put aside", err);
}

/* ---- one at hand ---- */

/* The row at hand goes where it came from. */
static int
put_away(struct result_rows *l, struct err *err)
{
	struct scratch_place place;

	if (l->at_hand != SIZE_MAX && l->changed) {
		buf_reset(&l->bytes);
		if (encode(&l->bytes, &l->item, err) < 0 ||
		    scratch_put(&place, l->scratch, buf_span(&l->bytes), err) < 0)
			return -1;
		l->rows[l->at_hand] = (struct row){ place.at, place.n, (uint8_t)l->item.outcome };
	}
	restore_item_clear(&l->item);
	l->at_hand = SIZE_MAX;
	l->changed = false;
	return 0;
}

int
result_rows_add(size_t *row, struct result_rows *l, struct restore_item *it, struct err *err)
{
	if (put_away(l, err) < 0 ||
	    array_reserve((void **)&l->rows, &l->cap, l->n + 1, sizeof *l->rows, ROWS_MAX, err) < 0)
		return -1;
	l->at_hand = *row = l->n++;
	l->changed = true;
	l->item = *it;
	*it = (struct restore_item){ 0 };
	return 0;
}

static int
read_row(struct result_rows *l, size_t row, struct err *err)
{
	buf_reset(&l->bytes);
	return scratch_get(&l->bytes, l->scratch,
			   (struct scratch_place){ l->rows[row].at, l->rows[row].n }, err);
}

static int
take_to_hand(struct result_rows *l, size_t row, struct err *err)
{
	if (l->at_hand == row)
		return 0;
	if (put_away(l, err) < 0 || read_row(l, row, err) < 0)
		return -1;
	if (decode(&l->item, buf_span(&l->bytes), err) < 0) {
		restore_item_clear(&l->item);
		return -1;
	}
	l->at_hand = row;
	return 0;
}

int
result_rows_open(struct restore_item **out, struct result_rows *l, size_t row, struct err *err)
{
	if (take_to_hand(l, row, err) < 0)
		return -1;
	l->changed = true;
	*out = &l->item;
	return 0;
}

int
result_rows_nth(const struct restore_item **out, struct result_rows *l, size_t i, struct err *err)
{
	if (take_to_hand(l, l->order ? l->order[i] : i, err) < 0)
		return -1;
	*out = &l->item;
	return 0;
}

/* ---- in order ---- */

/* What a row is sorted by.  NUL comes before all else, so bytes compare as the three texts do. */
struct sort_key {
	struct span key;
	uint32_t row;
};

static int
by_key(const void *a, const void *b)
{
	const struct sort_key *x = a, *y = b;
	size_t n = x->key.n < y->key.n ? x->key.n : y->key.n;
	int c = memcmp(x->key.p, y->key.p, n);

	return c ? c : (x->row > y->row) - (x->row < y->row);
}

/* Append the key of @row to @out. */
static int
read_key(struct buf *out, struct result_rows *l, size_t row, struct err *err)
{
	struct reader r;

	if (read_row(l, row, err) < 0)
		return -1;
	r = reader_of(buf_span(&l->bytes));
	return buf_append(out, read_span(&r, read_u32(&r)), err);
}

/* Sort as many rows from @from on as are sorted at once: *to is the first behind them. */
static int
sort_part(size_t *to, struct result_rows *l, uint32_t *order, size_t from, struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(SORTED_BYTES + ROW_BYTES_MAX);
	AUTO(free) struct sort_key *keys = NULL;
	size_t cap = 0, n = 0, at = 0;

	for (; from + n < l->n && bytes.n < SORTED_BYTES; n++) {
		size_t before = bytes.n;

		if (array_reserve((void **)&keys, &cap, n + 1, sizeof *keys, ROWS_MAX, err) < 0 ||
		    read_key(&bytes, l, from + n, err) < 0)
			return -1;
		keys[n] = (struct sort_key){ { NULL, bytes.n - before }, (uint32_t)(from + n) };
	}
	for (size_t i = 0; i < n; i++) { /* now they stay where they are */
		keys[i].key.p = bytes.p + at;
		at += keys[i].key.n;
	}
	qsort(keys, n, sizeof *keys, by_key);
	for (size_t i = 0; i < n; i++)
		order[from + i] = keys[i].row;
	*to = from + n;
	return 0;
}

/* A sorted part on its way into the whole. */
struct part {
	size_t at, end; /* in the order of the parts */
	struct buf key; /* of the row at `at` */
};

static int
load_part(struct part *p, struct result_rows *l, const uint32_t *order, struct err *err)
{
	buf_reset(&p->key);
	return p->at < p->end ? read_key(&p->key, l, order[p->at], err) : 0;
}

static bool
comes_before(const struct part *a, const struct part *b, const uint32_t *order)
{
	struct sort_key x = { buf_span(&a->key), order[a->at] };
	struct sort_key y = { buf_span(&b->key), order[b->at] };

	return by_key(&x, &y) < 0;
}

static int
merge_parts(uint32_t *out, struct result_rows *l, const uint32_t *order, struct part *parts,
	    size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (load_part(&parts[i], l, order, err) < 0)
			return -1;
	for (size_t done = 0; done < l->n; done++) {
		struct part *first = NULL;

		for (size_t i = 0; i < n; i++)
			if (parts[i].at < parts[i].end &&
			    (!first || comes_before(&parts[i], first, order)))
				first = &parts[i];
		assert(first); /* the parts hold l->n rows in all */
		out[done] = order[first->at++];
		if (load_part(first, l, order, err) < 0)
			return -1;
	}
	return 0;
}

/* The parts, sorted each; owned by the caller. */
static int
make_parts(struct part **parts, size_t *n, struct result_rows *l, uint32_t *order, struct err *err)
{
	size_t cap = 0;

	for (size_t at = 0, to; at < l->n; at = to) {
		if (array_reserve((void **)parts, &cap, *n + 1, sizeof **parts, ROWS_MAX, err) <
			    0 ||
		    sort_part(&to, l, order, at, err) < 0)
			return -1;
		(*parts)[(*n)++] = (struct part){ at, to, BUF_INIT(ROW_BYTES_MAX) };
	}
	return 0;
}

int
result_rows_sort(struct result_rows *l, struct err *err)
{
	AUTO(free) uint32_t *order = calloc(l->n + 1, sizeof *order);
	AUTO(free) uint32_t *whole = calloc(l->n + 1, sizeof *whole);
	AUTO(free) struct part *parts = NULL;
	size_t n = 0;
	int rc;

	if (!order || !whole)
		return err_nomem(err);
	rc = put_away(l, err);
	if (rc == 0)
		rc = make_parts(&parts, &n, l, order, err);
	if (rc == 0)
		rc = merge_parts(whole, l, order, parts, n, err);
	for (size_t i = 0; i < n; i++)
		buf_clear(&parts[i].key);
	if (rc < 0)
		return -1;
	free(l->order);
	l->order = TAKE(whole);
	return 0;
}
