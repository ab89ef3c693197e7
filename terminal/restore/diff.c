/* SPDX-License-Identifier: Apache-2.0 */
/* diff: see diff.h. */
#include "restore/diff.h"

#include <stdlib.h>

#include "base/array.h"
#include "item/form.h"

const char *
diff_kind_name(enum diff_kind kind)
{
	static const char *const names[] = {
		[DIFF_ADDED] = "added", [DIFF_REMOVED] = "removed", [DIFF_CHANGED] = "changed"
	};

	return names[kind];
}

void
diff_clear(struct diff *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->list[i].field);
		free(d->list[i].value);
		free(d->list[i].was);
	}
	free(d->list);
	*d = (struct diff){ 0 };
}

int
diff_add(struct diff *out, const char *field, const char *was, const char *value,
	 enum diff_kind kind, struct err *err)
{
	struct diff_field *f;

	if (array_reserve((void **)&out->list, &out->cap, out->n + 1, sizeof *out->list,
			  2 * ITEM_FIELDS_MAX, err) < 0)
		return -1;
	f = &out->list[out->n++];
	*f = (struct diff_field){ kind, strdup(field), strdup(value), strdup(was) };
	return f->field && f->value && f->was ? 0 : err_nomem(err);
}

static bool
has_field(const struct item *it, const struct field *f)
{
	for (size_t i = 0; it && i < it->n_fields; i++)
		if (field_key_equal(&it->fields[i].key, &f->key) &&
		    strcmp(it->fields[i].name, f->name) == 0)
			return true;
	return false;
}

/* A field of one side that the other has not. */
static bool
is_apart(const struct field *f, const struct item *other)
{
	return !(f->flags & FIELD_IGNORED) && !has_field(other, f);
}

/* The only field of @it called @name that @other has not, or NULL where there are none or several. */
static const struct field *
only_apart(const struct item *it, const struct item *other, const char *name)
{
	const struct field *only = NULL;

	for (size_t i = 0; it && i < it->n_fields; i++) {
		const struct field *f = &it->fields[i];

		if (strcmp(f->name, name) != 0 || !is_apart(f, other))
			continue;
		if (only)
			return NULL;
		only = f;
	}
	return only;
}

int
diff_cards(struct diff *out, const struct item *before, const struct item *now, struct err *err)
{
	for (size_t i = 0; now && i < now->n_fields; i++) {
		const struct field *f = &now->fields[i], *was;

		if (!is_apart(f, before))
			continue;
		was = only_apart(now, before, f->name) ? only_apart(before, now, f->name) : NULL;
		if (diff_add(out, f->name, was ? was->value : "", f->value,
			     was ? DIFF_CHANGED : DIFF_ADDED, err) < 0)
			return -1;
	}
	for (size_t i = 0; before && i < before->n_fields; i++) {
		const struct field *f = &before->fields[i];

		if (!is_apart(f, now) ||
		    (only_apart(before, now, f->name) && only_apart(now, before, f->name)))
			continue;
		if (diff_add(out, f->name, f->value, "", DIFF_REMOVED, err) < 0)
			return -1;
	}
	return 0;
}
