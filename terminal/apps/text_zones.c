/* SPDX-License-Identifier: Apache-2.0 */
/* text_zones: see text_zones.h. */
#include "apps/text_zones.h"

#include <stdlib.h>
#include <string.h>

#include "apps/text_series.h"
#include "base/array.h"
#include "base/text.h"

/* ---- reading ---- */

static int
read_zones(struct text_state *state, struct folder_session *s, const struct app_source *source,
	   struct err *err)
{
	AUTO(source_text_clear) struct source_text t = SOURCE_TEXT_INIT;
	int rc = source_text_open(&t, s, source->path, &source->stamp, err);

	if (rc == 0)
		rc = source_text_zones(&state->zones, &t, source->path, false, err);
	return rc ? rc : source_text_check(&t, s, source->path, &source->stamp, err);
}

int
text_zones_of(const struct ical_zones **out, struct folder_session *s,
	      const struct app_source *source, struct err *err)
{
	struct text_state *state = text_state_of(s, err);

	if (!state)
		return -1;
	*out = &state->zones;
	if (state->zones_of && strcmp(state->zones_of, source->path) == 0 &&
	    app_stamp_equal(&state->zones_stamp, &source->stamp))
		return 0;
	ical_zones_clear(&state->zones);
	free(state->zones_of);
	state->zones_of = NULL;
	int rc = read_zones(state, s, source, err);
	if (rc)
		return rc;
	state->zones_of = strdup(source->path);
	state->zones_stamp = source->stamp;
	return state->zones_of ? 0 : err_nomem(err);
}

int
text_zones_append(struct buf *out, struct folder_session *s, const struct app_place *place,
		  struct span item, struct err *err)
{
	const struct app_source source = { place->source, place->stamp };
	const struct ical_zones *zones;
	int rc = text_zones_of(&zones, s, &source, err);

	return rc ? rc : ical_zones_append(out, zones, item, err);
}

/* ---- what will be read of an item ---- */

/* Those of @home, and of @bytes itself those that it lacks: as they will lie in the file. */
static int
append_as_shown(struct buf *out, struct ical_zones *home, struct span bytes, size_t own,
		struct err *err)
{
	AUTO(ical_zones_clear) struct ical_zones all = ICAL_ZONES_INIT;
	struct span rest = span_skip(bytes, own);
	size_t n;

	for (size_t i = 0; i < home->n; i++)
		if (ical_zones_add(&all, range_span(buf_span(&home->text), home->list[i].zone),
				   NULL, err) < 0)
			return -1;
	for (; rest.n; rest = span_skip(rest, n))
		if (ical_own_bytes(&n, rest, err) < 0 ||
		    ical_zones_add(&all, span_of(rest.p, n), NULL, err) < 0)
			return -1;
	bytes.n = own;
	return buf_append(out, bytes, err) < 0 ? -1 : ical_zones_append(out, &all, bytes, err);
}

int
text_zones_shown(struct buf *out, struct app_session *session, struct span bytes, struct err *err)
{
	struct folder_session *s = folder_session_of(session);
	struct text_state *state = text_state_of(s, err);
	const struct ical_zones *zones;
	struct ical_zones none = ICAL_ZONES_INIT;
	struct app_source home = { .path = NULL };
	AUTO(free) char *own_path = NULL;
	size_t own;

	if (!state || ical_own_bytes(&own, bytes, err) < 0)
		return -1;
	if (own == bytes.n)
		return buf_append(out, bytes, err);
	home.path = s->folder.only ? s->folder.only : state->home;
	if (!home.path && state->series.known && state->series.apart) {
		struct text_target to;

		if (text_series_target(&to, s, bytes, err) < 0)
			return -1;
		own_path = to.path;
		home.path = own_path;
		if (to.is_new)
			return append_as_shown(out, &none, bytes, own, err);
	}
	if (!home.path)
		return APP_UNSURE;
	int rc = folder_stamp_of(&home.stamp, &s->folder, home.path, err);
	if (rc == 0)
		rc = text_zones_of(&zones, s, &home, err);
	if (rc)
		return rc < 0 ? -1 : APP_UNSURE;
	return append_as_shown(out, &state->zones, bytes, own, err);
}

/* ---- writing ---- */

void
zone_edits_clear(struct zone_edits *z)
{
	ical_zones_clear(&z->zones);
	free(z->held);
	z->held = NULL;
	z->n_held = z->cap_held = 0;
}

int
zone_edits_begin(struct zone_edits *z, struct source_text *t, const char *path, struct err *err)
{
	return source_text_zones(&z->zones, t, path, true, err);
}

static int
not_named_here(void *ctx, size_t number, struct err *err)
{
	struct zone_edits *z = ctx;

	(void)err;
	z->zones.list[number].n_users -= z->zones.list[number].n_users > 0;
	return 0;
}

static int
named_here(void *ctx, size_t number, struct err *err)
{
	struct zone_edits *z = ctx;

	(void)err;
	z->zones.list[number].n_users++;
	return 0;
}

struct ending {
	struct ical_zones *zones;
	uint64_t at;
	size_t found;
};

static int
ends_there(void *ctx, size_t number, struct err *err)
{
	struct ending *e = ctx;
	const struct ical_zone *zone = &e->zones->list[number];

	(void)err;
	if (zone->end == e->at && zone->end > zone->start)
		e->found = number;
	return 0;
}

int
zone_edits_before(struct zone_edits *z, struct span item, uint64_t done, uint64_t start,
		  uint64_t *from, struct err *err)
{
	*from = start;
	if (ical_zones_named(&z->zones, item, not_named_here, z, err) < 0)
		return -1;
	for (;;) {
		struct ending e = { &z->zones, *from, ICAL_ZONES_MAX };
		if (ical_zones_named(&z->zones, item, ends_there, &e, err) < 0)
			return -1;
		if (e.found == ICAL_ZONES_MAX || z->zones.list[e.found].start < done)
			return 0;
		if (array_reserve((void **)&z->held, &z->cap_held, z->n_held + 1, sizeof *z->held,
				  ICAL_ZONES_MAX, err) < 0)
			return -1;
		z->held[z->n_held++] = e.found;
		*from = z->zones.list[e.found].start;
	}
}

/* 0; 1: the text has another of that name, of a name that programs do not know by themselves. */
static int
check_zone(const struct zone_edits *z, struct span zone, struct err *why, struct err *err)
{
	AUTO(ical_zones_clear) struct ical_zones one = ICAL_ZONES_INIT;
	bool same = true;

	if (ical_zones_add(&one, zone, NULL, err) < 0)
		return -1;
	if (one.n == 0)
		return 0;
	struct span id = range_span(buf_span(&one.text), one.list[0].id);
	size_t at = ical_zones_find(&z->zones, id);
	if (at >= z->zones.n || memchr(id.p, '/', id.n))
		return 0;
	struct span here = range_span(buf_span(&z->zones.text), z->zones.list[at].zone);
	if (here.n && ical_zone_same(&same, here, zone, err) < 0)
		return -1;
	if (same)
		return 0;
	err_set(why, ERR_UNSUPPORTED, "the calendar has another time zone of the same name");
	return 1;
}

int
zone_edits_add(struct zone_edits *z, struct span item, size_t own, struct buf *out, struct err *why,
	       struct err *err)
{
	bool added;
	size_t n;
	int rc = 0;

	for (struct span rest = span_skip(item, own); rc == 0 && rest.n;
	     rest = span_skip(rest, n)) {
		if (ical_own_bytes(&n, rest, err) < 0)
			return -1;
		rc = check_zone(z, span_of(rest.p, n), why, err);
	}
	for (struct span rest = span_skip(item, own); rc == 0 && rest.n;
	     rest = span_skip(rest, n)) {
		if (ical_own_bytes(&n, rest, err) < 0 ||
		    ical_zones_add(&z->zones, span_of(rest.p, n), &added, err) < 0 ||
		    (added && buf_append(out, span_of(rest.p, n), err) < 0))
			return -1;
	}
	if (rc)
		return rc;
	return ical_zones_named(&z->zones, span_of(item.p, own), named_here, z, err);
}

int
zone_edits_size(const struct zone_edits *z, struct span item, uint64_t *size, struct err *err)
{
	AUTO(buf_clear) struct buf zones = BUF_INIT(ICAL_ZONES_BYTES_MAX);

	if (ical_zones_append(&zones, &z->zones, item, err) < 0)
		return -1;
	*size = zones.n;
	return 0;
}

uint64_t
zone_edits_idle(const struct zone_edits *z)
{
	uint64_t n = 0;

	for (size_t i = 0; i < z->zones.n; i++) {
		const struct ical_zone *zone = &z->zones.list[i];
		bool is_held = false;

		for (size_t k = 0; k < z->n_held; k++)
			is_held |= z->held[k] == i;
		if (!zone->n_users && !is_held)
			n += zone->end - zone->start;
	}
	return n;
}

int
zone_edits_end(struct zone_edits *z, struct buf *out, struct err *err)
{
	for (size_t i = 0; i < z->n_held; i++) {
		const struct ical_zone *zone = &z->zones.list[z->held[i]];
		if (zone->n_users > 0 &&
		    buf_append(out, range_span(buf_span(&z->zones.text), zone->zone), err) < 0)
			return -1;
	}
	return 0;
}
