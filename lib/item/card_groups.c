/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_groups: lines of one group, and those of them that only describe the others: `item1.TEL` with
 * `item1.X-ABLabel` is one field with a member.
 */
#include <stdlib.h>
#include <strings.h>

#include "base/array.h"
#include "item/arena.h"
#include "item/card.h"
#include "item/parse.h"

static int
group_order(const void *pa, const void *pb)
{
	const struct property_line *a = *(struct property_line *const *)pa;
	const struct property_line *b = *(struct property_line *const *)pb;
	size_t n = a->line.group.n < b->line.group.n ? a->line.group.n : b->line.group.n;
	int c = strncasecmp((const char *)a->line.group.p, (const char *)b->line.group.p, n);

	if (c == 0)
		c = (a->line.group.n > b->line.group.n) - (a->line.group.n < b->line.group.n);
	if (c == 0) /* members first, each kind in the card's order */
		c = property_is_member(b->property) - property_is_member(a->property);
	return c ? c : (a > b) - (a < b);
}

static bool
same_group(const struct property_line *a, const struct property_line *b)
{
	return a->line.group.n == b->line.group.n &&
	       strncasecmp((const char *)a->line.group.p, (const char *)b->line.group.p,
			   a->line.group.n) == 0;
}

/* Apple marks its own words: `_$!<HomePage>!$_`. */
static struct span
label_text(struct span s)
{
	if (s.n > 8 && memcmp(s.p, "_$!<", 4) == 0 && memcmp(s.p + s.n - 4, ">!$_", 4) == 0)
		return span_of(s.p + 4, s.n - 8);
	return s;
}

static int
read_label(struct parse *p, const struct property_line *l, const char **label, struct err *err)
{
	if (value_read(&p->value, p->it->bytes, &l->line, p->it->version, err) < 0)
		return -1;
	buf_reset(&p->say);
	if (key_exact(&p->say, label_text(value_part(&p->value, 0)), err) < 0)
		return -1;
	return arena_string(&p->it->arena, label, buf_span(&p->say), err);
}

/* One group, members first: [from, from + n_members) describe the rest, up to @to. */
static int
join_group(struct parse *p, struct property_line **g, size_t from, size_t n_members, size_t to,
	   struct err *err)
{
	struct item *it = p->it;
	const char *label = "";

	if (n_members == 0 || from + n_members == to)
		return 0; /* nothing to describe it, or nothing to describe */
	if (array_reserve((void **)&it->members, &p->cap_members, it->n_members + n_members,
			  sizeof *it->members, CARD_FIELDS_MAX, err) < 0)
		return -1;
	size_t first = it->n_members;
	for (size_t i = from; i < from + n_members; i++) {
		g[i]->is_member = true;
		it->members[it->n_members++] = g[i]->line.range;
		if (!label[0] && property_is_label(g[i]->property) &&
		    read_label(p, g[i], &label, err) < 0)
			return -1;
	}
	for (size_t i = from + n_members; i < to; i++) {
		g[i]->first_member = first;
		g[i]->n_members = n_members;
		g[i]->label = label;
	}
	return 0;
}

int
card_join_groups(struct parse *p, struct err *err)
{
	AUTO(free)
	struct property_line **g = calloc(p->n_lines + 1, sizeof(struct property_line *));
	size_t n = 0;

	if (!g)
		return err_nomem(err);
	for (size_t i = 0; i < p->n_lines; i++)
		if (p->lines[i].line.group.n)
			g[n++] = &p->lines[i];
	qsort(g, n, sizeof(struct property_line *), group_order);
	for (size_t from = 0, to; from < n; from = to) {
		size_t n_members = 0;
		for (to = from; to < n && same_group(g[from], g[to]); to++)
			n_members += property_is_member(g[to]->property);
		if (join_group(p, g, from, n_members, to, err) < 0)
			return -1;
	}
	return 0;
}
