/* SPDX-License-Identifier: Apache-2.0 */
/* addition: see addition.h. */
#include "merge/addition.h"

#include <ctype.h>
#include <stdio.h>

#include "base/array.h"

#define LINES_MAX  ((size_t)256 << 20)
#define GROUP_MAX  64 /* bytes of a group's new name */
#define PREFIX_MAX 40

void
addition_init(struct addition *a, const struct item *mine, const struct item *theirs)
{
	*a = (struct addition){ .mine = mine,
				.theirs = theirs,
				.form = mine->form,
				.style = item_style(mine),
				.lines = BUF_INIT(LINES_MAX),
				.groups = KEY_SET_INIT,
				.check = BUF_INIT(LINES_MAX) };
}

void
addition_clear(struct addition *a)
{
	buf_clear(&a->lines);
	buf_clear(&a->check);
	key_set_clear(&a->groups);
	free(a->group_labelled);
	a->group_labelled = NULL;
	a->cap_labelled = 0;
}

/* ---- fresh groups ---- */

/* The number at a group's end; one so long that ours cannot reach it counts as none. */
static uint64_t
trailing_number(struct span group)
{
	size_t n = 0;
	uint64_t number = 0;

	while (n < group.n && isdigit(group.p[group.n - 1 - n]))
		n++;
	if (n > 15)
		return 0;
	for (size_t i = group.n - n; i < group.n; i++)
		number = number * 10 + (uint64_t)(group.p[i] - '0');
	return number;
}

static void
look_at_group(struct addition *a, struct range line)
{
	uint64_t n = trailing_number(a->form->group(a->mine->bytes, line));

	if (n >= a->first_group)
		a->first_group = n + 1;
}

/* A number that no group of the card ends with: free behind any name. */
static void
find_first_group(struct addition *a)
{
	if (a->first_group)
		return;
	a->first_group = 1;
	for (size_t i = 0; i < a->mine->n_fields; i++)
		look_at_group(a, a->mine->fields[i].own);
	for (size_t i = 0; i < a->mine->n_members; i++)
		look_at_group(a, a->mine->members[i]);
}

static int
group_number(struct addition *a, struct span group, size_t *number, struct err *err)
{
	AUTO(buf_clear) struct buf lower = BUF_INIT(LINES_MAX);

	for (size_t i = 0; i < group.n; i++)
		if (buf_append_byte(&lower, (uint8_t)tolower(group.p[i]), err) < 0)
			return -1;
	struct field_key k = key_hash(buf_span(&lower));
	if (key_set_add(&a->groups, &k, number, err) < 0)
		return -1;
	return array_reserve((void **)&a->group_labelled, &a->cap_labelled, *number + 1,
			     sizeof *a->group_labelled, SIZE_MAX / 2, err);
}

static void
print_group(char out[static GROUP_MAX], struct span group, uint64_t number)
{
	while (group.n && isdigit(group.p[group.n - 1]))
		group.n--;
	if (group.n == 0 || group.n > PREFIX_MAX)
		group = span_str("item");
	snprintf(out, GROUP_MAX, "%.*s%llu", SPAN_ARGS(group), (unsigned long long)number);
}

/* ---- reading back ---- */

static bool
says_the_same(const struct item *back, const struct field *const *elements, size_t n)
{
	size_t found = 0;

	if (back->n_junk)
		return false;
	for (size_t i = 0; i < back->n_fields; i++) {
		const struct field *f = &back->fields[i];
		if (f->flags & FIELD_STRUCTURE)
			continue;
		if (found == n || (f->flags & FIELD_IGNORED) ||
		    !field_key_equal(&f->key, &elements[found]->key))
			return false;
		found++;
	}
	return found == n;
}

/* 0, or FORM_UNWRITABLE if @lines do not say what @elements say. */
static int
read_back(struct addition *a, struct span lines, const struct field *const *elements, size_t n,
	  struct err *err)
{
	AUTO(item_free) struct item *back = NULL;
	struct err why = { 0 };

	buf_reset(&a->check);
	if (a->form->open(&a->check, a->style, err) < 0 || buf_append(&a->check, lines, err) < 0 ||
	    a->form->close(&a->check, a->style, err) < 0)
		return -1;
	if (a->form->parse(&back, buf_span(&a->check), "", 1, a->mine->profile, &why) < 0) {
		if (why.code != ERR_NOMEM)
			return FORM_UNWRITABLE;
		*err = why;
		return -1;
	}
	return says_the_same(back, elements, n) ? 0 : FORM_UNWRITABLE;
}

/* ---- adding ---- */

/* The line and the members of its group; where the line alone ends, in *@own_end. */
static int
print_all(struct addition *a, struct buf *out, const struct field *const *elements, size_t n,
	  const char *group, size_t *own_end, struct err *err)
{
	const struct field *f = elements[0];
	int rc = a->form->print(out, a->theirs, elements, n, group, a->style, err);

	*own_end = out->n;
	for (size_t i = 0; rc == 0 && i < f->n_members; i++)
		rc = a->form->print_member(out, a->theirs, a->theirs->members[f->first_member + i],
					   group, a->style, err);
	return rc;
}

int
addition_put(struct addition *a, const struct field *const *elements, size_t n, struct err *err)
{
	struct span group = { NULL, 0 };
	AUTO(buf_clear) struct buf lines = BUF_INIT(LINES_MAX);
	char name[GROUP_MAX] = "";
	size_t number = 0, own_end;

	if (a->mine->closed || a->theirs->form != a->form)
		return FORM_UNWRITABLE;
	if (a->form->group)
		group = a->form->group(a->theirs->bytes, elements[0]->own);
	if (group.n) {
		find_first_group(a);
		if (group_number(a, group, &number, err) < 0)
			return -1;
		print_group(name, group, a->first_group + number);
	}
	int rc = print_all(a, &lines, elements, n, name, &own_end, err);
	if (rc == 0)
		rc = read_back(a, buf_span(&lines), elements, n, err);
	if (rc != 0)
		return rc;
	if (group.n && a->group_labelled[number])
		lines.n = own_end; /* the label is there already */
	if (group.n)
		a->group_labelled[number] = true;
	return buf_append(&a->lines, buf_span(&lines), err);
}

int
addition_try(const struct item *theirs, const struct field *f, enum item_version version,
	     struct err *err)
{
	const struct item bare = { .form = theirs->form,
				   .version = version,
				   .profile = theirs->profile };
	AUTO(addition_clear) struct addition a;

	addition_init(&a, &bare, theirs);
	return addition_put(&a, &f, 1, err);
}
