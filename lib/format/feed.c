/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed: see feed.h.  Invariant: held.n == 0, or held is a unit's beginning and held.n < need <=
 * held.max.
 */
#include "format/feed.h"

void
feed_init(struct feed *f, size_t unit_bytes_max, feed_unit_fn *unit, void *ctx)
{
	*f = (struct feed){ .unit = unit, .ctx = ctx, .held = BUF_INIT(unit_bytes_max) };
}

void
feed_clear(struct feed *f)
{
	buf_clear(&f->held);
	f->need = 0;
}

/* Take the unit at @at: 0 and its length, FEED_MORE, or -1. */
static int
take(struct feed *f, struct span at, size_t *n, struct err *err)
{
	int rc = f->unit(f->ctx, at, n, err);

	if (rc == FEED_MORE && (*n <= at.n || *n > f->held.max))
		return err_set(err, ERR_LIMIT, "a part of %zu bytes where %zu are allowed", *n,
			       f->held.max);
	return rc;
}

/* Complete the held unit from @piece, which becomes what is left of it.  0: taken; FEED_MORE. */
static int
take_held(struct feed *f, struct span *piece, struct err *err)
{
	int rc = FEED_MORE;

	while (rc == FEED_MORE && piece->n > 0) {
		size_t lack = f->need - f->held.n;
		size_t n = lack < piece->n ? lack : piece->n;

		if (buf_append(&f->held, span_of(piece->p, n), err) < 0)
			return -1;
		*piece = span_skip(*piece, n);
		if (f->held.n < f->need)
			break;
		rc = take(f, buf_span(&f->held), &f->need, err);
	}
	if (rc == 0)
		buf_reset(&f->held);
	return rc;
}

int
feed_add(struct feed *f, struct span piece, struct err *err)
{
	size_t n = 0;

	if (f->held.n > 0) {
		int rc = take_held(f, &piece, err);

		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	while (piece.n > 0) {
		int rc = take(f, piece, &n, err);

		if (rc < 0)
			return -1;
		if (rc == FEED_MORE) {
			f->need = n;
			return buf_append(&f->held, piece, err);
		}
		piece = span_skip(piece, n);
	}
	return 0;
}

int
feed_end(const struct feed *f, const char *what, struct err *err)
{
	return f->held.n == 0 ? 0 : err_set(err, ERR_FORMAT, "%s is cut short", what);
}
