/* SPDX-License-Identifier: Apache-2.0 */
/* agree: see agree.h. */
#include "merge/agree.h"

void
agree_clear(struct agree *f)
{
	key_set_clear(&f->my_zones);
	key_set_clear(&f->their_zones);
}

/* ---- times ---- */

static bool
has_time(const struct item *it, const char *means)
{
	for (size_t i = 0; i < it->n_fields; i++) {
		const struct field *f = &it->fields[i];
		if ((f->flags & FIELD_TIME) && !(f->flags & FIELD_EMPTY) &&
		    strcmp(f->means, means) == 0)
			return true;
	}
	return false;
}

/* A time of A' that A has otherwise is held: then the alarms are, too.  One that A lacks is added. */
static bool
times_agree(const struct agree *f)
{
	const char *asked = NULL; /* there are few means: one look for each run of them */

	for (size_t i = 0; i < f->theirs->n_fields; i++) {
		const struct field *t = &f->theirs->fields[i];
		if (!(t->flags & FIELD_TIME) || (t->flags & FIELD_IGNORED) ||
		    key_set_find(f->have, &t->key) != KEY_SET_NONE)
			continue;
		if (asked && strcmp(asked, t->means) == 0)
			return false; /* two of one place: only the first was added */
		asked = t->means;
		if (has_time(f->mine, t->means))
			return false;
	}
	return true;
}

/* ---- zones ---- */

static int
add_zone(struct key_set *set, const char *zone, struct err *err)
{
	AUTO(buf_clear) struct buf name = BUF_INIT(SIZE_MAX / 4);
	size_t at;

	if (key_tzid(&name, span_str(zone), err) < 0)
		return -1;
	struct field_key k = key_hash(buf_span(&name));
	return key_set_add(set, &k, &at, err);
}

static bool
is_zone(const struct field *f)
{
	return strcmp(f->name, "VTIMEZONE") == 0;
}

static int
read_zones(struct agree *f, struct err *err)
{
	const char *last = NULL;

	f->has_zones = true;
	for (size_t i = 0; i < f->mine->n_fields; i++) {
		const char *zone = f->mine->fields[i].zone;
		if (zone && zone != last && add_zone(&f->my_zones, zone, err) < 0)
			return -1;
		last = zone;
	}
	for (size_t i = 0; i < f->theirs->n_fields; i++) {
		const struct field *t = &f->theirs->fields[i];
		if (is_zone(t) && t->zone && add_zone(&f->their_zones, t->zone, err) < 0)
			return -1;
	}
	return 0;
}

/* "Europe/Berlin": of the tz database, which every program has. */
static bool
is_known(struct span name)
{
	return memchr(name.p, '/', name.n) && name.p[0] != '/' && !memchr(name.p, ' ', name.n);
}

static int
zone_fits(bool *out, struct agree *f, const char *zone, struct err *err)
{
	AUTO(buf_clear) struct buf name = BUF_INIT(SIZE_MAX / 4);

	if (!f->has_zones && read_zones(f, err) < 0)
		return -1;
	if (key_tzid(&name, span_str(zone), err) < 0)
		return -1;
	struct field_key k = key_hash(buf_span(&name));
	*out = is_known(buf_span(&name)) || key_set_find(&f->my_zones, &k) != KEY_SET_NONE ||
	       key_set_find(&f->their_zones, &k) == KEY_SET_NONE;
	return 0;
}

int
agree_field(bool *out, struct agree *f, const struct field *field, struct err *err)
{
	*out = true;
	if (field->flags & FIELD_WITH_TIMES) {
		if (f->times == AGREE_UNKNOWN)
			f->times = times_agree(f) ? AGREE_YES : AGREE_NO;
		*out = f->times == AGREE_YES;
	}
	if (*out && field->zone && field->zone[0])
		return zone_fits(out, f, field->zone, err);
	return 0;
}
