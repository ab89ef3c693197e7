/* SPDX-License-Identifier: Apache-2.0 */
/* fit: see fit.h. */
#include "restore/fit.h"

#include <string.h>

#include "base/array.h"

#define NAMES_MAX 10000 /* different fields; others are not told */

void
fit_clear(struct restore_fit *fit)
{
	for (size_t i = 0; i < fit->n_kept; i++)
		free(fit->kept[i].name);
	for (size_t i = 0; i < fit->n_left; i++)
		free(fit->left[i].name);
	free(fit->kept);
	free(fit->left);
	*fit = (struct restore_fit){ 0 };
}

/* Where @name is in the list, or belongs. */
static size_t
place_of(const struct restore_fit_field *list, size_t n, const char *name)
{
	size_t low = 0;

	for (size_t high = n; low < high;) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(list[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The field is in item number @item. */
static int
count(struct restore_fit_field **list, size_t *n, size_t *cap, const char *name, uint64_t item,
      struct err *err)
{
	size_t at = place_of(*list, *n, name);
	char *copy;

	if (at < *n && strcmp((*list)[at].name, name) == 0) {
		(*list)[at].items += (*list)[at].last != item;
		(*list)[at].last = item;
		return 0;
	}
	if (*n == NAMES_MAX)
		return 0;
	if (array_reserve((void **)list, cap, *n + 1, sizeof **list, NAMES_MAX, err) < 0)
		return -1;
	copy = strdup(name);
	if (!copy)
		return err_nomem(err);
	memmove(*list + at + 1, *list + at, (*n - at) * sizeof **list);
	(*list)[at] = (struct restore_fit_field){ copy, 1, item };
	++*n;
	return 0;
}

int
fit_note(struct restore_fit *fit, const struct form *form, const struct item_profile *profile,
	 struct span bytes, struct err *err)
{
	AUTO(item_free) struct item *it = NULL;
	struct err bad = { 0 };

	if (form->parse(&it, bytes, "", 1, profile, &bad) < 0)
		return bad.code == ERR_NOMEM ? err_nomem(err) : 0;
	item_mark_dropped(it);
	fit->n_items++;
	for (size_t i = 0; i < it->n_fields; i++) {
		const struct field *f = &it->fields[i];
		int rc = 0;

		if (f->flags & (FIELD_EMPTY | FIELD_STRUCTURE))
			continue;
		if (f->flags & FIELD_DROPPED)
			rc = count(&fit->left, &fit->n_left, &fit->cap_left, f->name, fit->n_items,
				   err);
		else if (!(f->flags & FIELD_VOLATILE))
			rc = count(&fit->kept, &fit->n_kept, &fit->cap_kept, f->name, fit->n_items,
				   err);
		if (rc < 0)
			return -1;
	}
	return 0;
}
