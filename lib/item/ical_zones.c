/* SPDX-License-Identifier: Apache-2.0 */
/* ical_zones: the VTIMEZONEs of a file, and which of them a component names.  See ical.h. */
#include <stdlib.h>
#include <strings.h>

#include "base/array.h"
#include "item/ical.h"
#include "item/parse.h"

void
ical_zones_clear(struct ical_zones *z)
{
	buf_clear(&z->text);
	free(z->list);
	z->list = NULL;
	z->n = z->cap = 0;
}

size_t
ical_zones_find(const struct ical_zones *z, struct span tzid)
{
	for (size_t i = 0; i < z->n; i++)
		if (span_equal(range_span(buf_span(&z->text), z->list[i].id), tzid))
			return i;
	return ICAL_ZONES_MAX;
}

static struct span
zone_text(const struct ical_zones *z, size_t number)
{
	return range_span(buf_span(&z->text), z->list[number].zone);
}

static bool
has_room(const struct ical_zones *z, size_t n)
{
	return z->text.n + n <= z->text.max;
}

/* The entry of @id, made where there is none.  ICAL_ZONES_MAX in *at: there is no room for it. */
static int
entry_of(size_t *at, struct ical_zones *z, struct span id, struct err *err)
{
	*at = ical_zones_find(z, id);
	if (*at < z->n || z->n == ICAL_ZONES_MAX || !has_room(z, id.n))
		return 0;
	if (array_reserve((void **)&z->list, &z->cap, z->n + 1, sizeof *z->list, ICAL_ZONES_MAX,
			  err) < 0)
		return -1;
	struct range own = { z->text.n, z->text.n + id.n };
	if (buf_append(&z->text, id, err) < 0)
		return -1;
	*at = z->n++;
	z->list[*at] = (struct ical_zone){ .id = own, .zone = { own.end, own.end } };
	return 0;
}

static int
add_zone(struct ical_zones *z, struct span vtimezone, size_t *number, struct err *err)
{
	AUTO(buf_clear) struct buf id = BUF_INIT(ICAL_ZONES_BYTES_MAX);
	struct err why = { 0 };

	*number = ICAL_ZONES_MAX;
	if (component_zone_id(&id, vtimezone, &why) < 0 && why.code == ERR_NOMEM)
		return err_nomem(err);
	if (id.n == 0)
		return 0;
	if (entry_of(number, z, buf_span(&id), err) < 0)
		return -1;
	if (*number == ICAL_ZONES_MAX || zone_text(z, *number).n || !has_room(z, vtimezone.n)) {
		*number = ICAL_ZONES_MAX;
		return 0;
	}
	size_t start = z->text.n;
	if (buf_append(&z->text, vtimezone, err) < 0)
		return -1;
	z->list[*number].zone = (struct range){ start, z->text.n };
	return 0;
}

int
ical_zones_add(struct ical_zones *z, struct span vtimezone, bool *added, struct err *err)
{
	size_t number;

	if (add_zone(z, vtimezone, &number, err) < 0)
		return -1;
	if (added)
		*added = number < ICAL_ZONES_MAX;
	return 0;
}

/* ---- which a component names ---- */

static int
name_zones(const struct ical_zones *z, bool *named, struct span params, ical_zone_fn *fn, void *ctx,
	   struct err *err)
{
	struct contentline_param p;
	struct span id;

	while (contentline_param_next(&params, &p)) {
		if (p.name.n != 4 || strncasecmp((const char *)p.name.p, "TZID", 4) != 0)
			continue;
		contentline_param_whole(p.value, &id);
		size_t at = ical_zones_find(z, id);
		if (at >= z->n || named[at])
			continue;
		named[at] = true;
		if (fn(ctx, at, err) < 0)
			return -1;
	}
	return 0;
}

int
ical_zones_named(const struct ical_zones *z, struct span item, ical_zone_fn *fn, void *ctx,
		 struct err *err)
{
	AUTO(contentline_clear) struct contentline_cursor lines;
	bool named[ICAL_ZONES_MAX] = { false };
	struct contentline line;
	int rc;

	contentline_init(&lines, item, "", 1);
	if (z->n == 0 || !memmem(item.p, item.n, "TZID", 4))
		return 0;
	while ((rc = contentline_next(&lines, &line, err)) == 0)
		if (line.kind == CONTENTLINE_PROPERTY &&
		    name_zones(z, named, line.params, fn, ctx, err) < 0)
			return -1;
	return rc < 0 ? -1 : 0;
}

struct appending {
	struct buf *out;
	const struct ical_zones *zones;
};

static int
append_zone(void *ctx, size_t number, struct err *err)
{
	struct appending *a = ctx;

	return buf_append(a->out, zone_text(a->zones, number), err);
}

int
ical_zones_append(struct buf *out, const struct ical_zones *z, struct span item, struct err *err)
{
	struct appending a = { out, z };

	if (item.n == 0 || (item.p[item.n - 1] != '\n' && item.p[item.n - 1] != '\r'))
		return 0;
	return ical_zones_named(z, item, append_zone, &a, err);
}

/* ---- those of a text ---- */

/* Each TZID that a component names gets an entry, whether its zone comes before, later or never. */
static int
add_names(struct ical_zones *z, struct span item, struct err *err)
{
	AUTO(contentline_clear) struct contentline_cursor lines;
	struct contentline_param p;
	struct contentline line;
	struct span id;
	size_t at;
	int rc;

	contentline_init(&lines, item, "", 1);
	while ((rc = contentline_next(&lines, &line, err)) == 0)
		while (contentline_param_next(&line.params, &p)) {
			if (p.name.n != 4 || strncasecmp((const char *)p.name.p, "TZID", 4) != 0)
				continue;
			contentline_param_whole(p.value, &id);
			if (entry_of(&at, z, id, err) < 0)
				return -1;
		}
	return rc < 0 ? -1 : 0;
}

static int
count_one(void *ctx, size_t number, struct err *err)
{
	struct ical_zones *z = ctx;

	(void)err;
	z->list[number].n_users++;
	return 0;
}

bool
ical_is_zone(struct span component)
{
	return component.n > 15 &&
	       strncasecmp((const char *)component.p, "BEGIN:VTIMEZONE", 15) == 0;
}

static int
take_part(void *ctx, const struct text_part *part, struct err *err)
{
	struct ical_zones *z = ctx;
	size_t at;

	if (part->bad)
		return 0;
	if (!ical_is_zone(part->bytes)) {
		if (!memmem(part->bytes.p, part->bytes.n, "TZID", 4))
			return 0;
		return add_names(z, part->bytes, err) < 0
			       ? -1
			       : ical_zones_named(z, part->bytes, count_one, z, err);
	}
	if (add_zone(z, part->bytes, &at, err) < 0)
		return -1;
	if (at == ICAL_ZONES_MAX)
		return 0;
	z->list[at].start = part->offset;
	z->list[at].end = part->offset + part->bytes.n;
	return 0;
}

int
ical_zones_read(struct ical_zones *z, const struct text_stream *stream, bool count, struct err *err)
{
	return count ? ical_split_all(stream, take_part, z, err)
		     : ical_split_zones(stream, take_part, z, err);
}
