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

/* By its TZID as it stands; ICAL_ZONES_MAX: none. */
static size_t
find(const struct ical_zones *z, struct span id)
{
	for (size_t i = 0; i < z->n; i++)
		if (span_equal(range_span(buf_span(&z->text), z->list[i].id), id))
			return i;
	return ICAL_ZONES_MAX;
}

int
ical_zones_add(struct ical_zones *z, struct span vtimezone, bool *added, struct err *err)
{
	AUTO(buf_clear) struct buf id = BUF_INIT(ICAL_ZONES_BYTES_MAX);
	struct err why = { 0 };
	bool unused;

	added = added ? added : &unused;
	*added = false;
	if (component_zone_id(&id, vtimezone, &why) < 0 && why.code == ERR_NOMEM)
		return err_nomem(err);
	if (id.n == 0 || z->n == ICAL_ZONES_MAX || find(z, buf_span(&id)) < z->n ||
	    z->text.n + id.n + vtimezone.n > z->text.max)
		return 0;
	if (array_reserve((void **)&z->list, &z->cap, z->n + 1, sizeof *z->list, ICAL_ZONES_MAX,
			  err) < 0)
		return -1;
	struct range at = { z->text.n, z->text.n + id.n };
	if (buf_append(&z->text, buf_span(&id), err) < 0 ||
	    buf_append(&z->text, vtimezone, err) < 0)
		return -1;
	z->list[z->n++] = (struct ical_zone){ at, { at.end, z->text.n } };
	*added = true;
	return 0;
}

/* What is wanted of them. */
struct naming {
	const struct ical_zones *zones;
	struct buf *out;
	bool named[ICAL_ZONES_MAX];
};

static int
name_zones(struct naming *n, struct span params, struct err *err)
{
	struct contentline_param p;
	struct span id;

	while (contentline_param_next(&params, &p)) {
		if (p.name.n != 4 || strncasecmp((const char *)p.name.p, "TZID", 4) != 0)
			continue;
		contentline_param_whole(p.value, &id);
		size_t at = find(n->zones, id);
		if (at >= n->zones->n || n->named[at])
			continue;
		n->named[at] = true;
		if (buf_append(n->out,
			       range_span(buf_span(&n->zones->text), n->zones->list[at].zone),
			       err) < 0)
			return -1;
	}
	return 0;
}

int
ical_zones_append(struct buf *out, const struct ical_zones *z, struct span item, struct err *err)
{
	AUTO(contentline_clear) struct contentline_cursor lines;
	struct naming n = { .zones = z, .out = out };
	struct contentline line;
	int rc;

	contentline_init(&lines, item, "", 1);
	if (z->n == 0 || item.n == 0 || (item.p[item.n - 1] != '\n' && item.p[item.n - 1] != '\r'))
		return 0;
	while ((rc = contentline_next(&lines, &line, err)) == 0)
		if (line.kind == CONTENTLINE_PROPERTY && name_zones(&n, line.params, err) < 0)
			return -1;
	return rc < 0 ? -1 : 0;
}
