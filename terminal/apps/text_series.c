/* SPDX-License-Identifier: Apache-2.0 */
/* text_series: see text_series.h. */
#include "apps/text_series.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"

#define EXTENSION      ".ics"
#define NAME_BYTES_MAX 200 /* of a UID as a file's name: what a name beside it needs is left */

void
text_series_clear(struct text_series *list)
{
	for (size_t i = 0; i < list->keys.n && i < list->cap; i++)
		free(list->paths[i]);
	free(list->paths);
	key_set_clear(&list->keys);
	*list = (struct text_series){ .keys = KEY_SET_INIT };
}

/* ---- a component's series ---- */

/* Its UID; without one nothing else is of its series. */
static int
series_key(struct field_key *out, struct buf *uid, struct span item, struct err *err)
{
	if (ical_uid(uid, item, err) < 0)
		return -1;
	*out = key_hash(uid->n ? buf_span(uid) : item);
	return 0;
}

static bool
is_safe(struct span uid)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				   "_.-+@";

	for (size_t i = 0; i < uid.n; i++)
		if (!uid.p[i] || !strchr(safe, uid.p[i]))
			return false;
	return uid.n && uid.p[0] != '.' && uid.n <= NAME_BYTES_MAX;
}

/* The UID, or, where it is no name for a file, its hash: two series never have one name. */
static int
append_name(struct buf *out, struct span uid, const struct field_key *key, struct err *err)
{
	char digits[2 * FIELD_KEY_BYTES + 1];

	hex_encode(digits, SPAN_ARRAY(key->b));
	if (is_safe(uid) ? buf_append(out, uid, err) < 0 : buf_append_str(out, digits, err) < 0)
		return -1;
	return buf_append_str(out, EXTENSION, err);
}

static size_t
folder_bytes(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash + 1 - path) : 0;
}

int
text_series_names(bool *out, const char *path, struct span item, struct err *err)
{
	AUTO(buf_clear) struct buf uid = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf name = BUF_INIT(APP_PATH_MAX);
	struct field_key key;

	if (series_key(&key, &uid, item, err) < 0 ||
	    append_name(&name, buf_span(&uid), &key, err) < 0)
		return -1;
	/* Before the extension may stand what makes it another than one that was there. */
	*out = strncmp(path + folder_bytes(path), buf_str(&name), name.n - strlen(EXTENSION)) == 0;
	return 0;
}

/* ---- a file's series ---- */

struct holding {
	size_t n; /* different ones: 0, 1, 2 (or more) */
	struct field_key key;
	struct buf name; /* of the first */
	bool is_unread;  /* there may be more */
};

static int
hold(void *ctx, const struct text_part *part, struct err *err)
{
	AUTO(buf_clear) struct buf uid = BUF_INIT(ITEM_BYTES_MAX);
	struct holding *h = ctx;
	struct field_key key;

	if (part->bad || ical_is_zone(part->bytes))
		return 0;
	if (series_key(&key, &uid, part->bytes, err) < 0)
		return -1;
	if (h->n && field_key_equal(&key, &h->key))
		return 0;
	if (h->n++)
		return -1; /* no error: that is all there is to know */
	h->key = key;
	return append_name(&h->name, buf_span(&uid), &key, err);
}

/* 0, APP_MOVED or -1 (ERR_NOMEM). */
static int
holding_read(struct holding *h, struct folder_session *s, const struct app_source *source,
	     struct err *err)
{
	AUTO(source_text_clear) struct source_text t = SOURCE_TEXT_INIT;
	struct err why = { 0 };
	int rc = source_text_open(&t, s, source->path, &source->stamp, &why);

	if (rc == 0)
		rc = source_text_each(&t, source->path, hold, h, &why);
	if (rc == 0)
		rc = source_text_check(&t, s, source->path, &source->stamp, &why);
	if (rc < 0 && why.code == ERR_NOMEM)
		return err_nomem(err);
	h->is_unread = rc != 0;
	return rc == APP_MOVED ? rc : 0;
}

int
text_series_check(struct folder_session *s, const struct app_source *source, struct span item,
		  struct err *err)
{
	AUTO(buf_clear) struct buf uid = BUF_INIT(ITEM_BYTES_MAX);
	struct holding h = { .name = BUF_INIT(APP_PATH_MAX) };
	struct field_key key;
	int rc = holding_read(&h, s, source, err);

	buf_clear(&h.name);
	if (rc == 0)
		rc = series_key(&key, &uid, item, err);
	if (rc)
		return rc;
	return h.n == 1 && !h.is_unread && field_key_equal(&h.key, &key) ? 0 : APP_MOVED;
}

/* ---- a folder's ---- */

static int
add(struct text_series *list, const struct field_key *key, const char *path, struct err *err)
{
	size_t at, n = list->keys.n;

	if (array_reserve((void **)&list->paths, &list->cap, n + 1, sizeof(*list->paths),
			  SIZE_MAX / 256, err) < 0 ||
	    key_set_add(&list->keys, key, &at, err) < 0)
		return -1;
	if (at < n) /* the first file counts */
		return 0;
	if (!list->known)
		list->last = at;
	list->paths[at] = strdup(path);
	return list->paths[at] ? 0 : err_nomem(err);
}

struct looking {
	struct folder_session *s;
	struct text_series *list;
	bool mixed; /* a file holds two series */
	bool named; /* one has its UID for a name */
	size_t n_files;
};

static int
look_at(void *ctx, const struct app_source *source, struct err *err)
{
	struct holding h = { .name = BUF_INIT(APP_PATH_MAX) };
	struct looking *l = ctx;
	int rc;

	if (source->path[folder_bytes(source->path)] == '.')
		return 0;
	rc = holding_read(&h, l->s, source, err);
	l->mixed = h.n > 1;
	l->n_files += h.n == 1 || h.is_unread; /* never reason enough to write into the others */
	l->named |= h.n && strcmp(source->path + folder_bytes(source->path), buf_str(&h.name)) == 0;
	buf_clear(&h.name);
	if (l->mixed)
		return -1; /* as above */
	return rc == 0 && h.n ? add(l->list, &h.key, source->path, err) : rc < 0 ? -1 : 0;
}

int
text_series_apart(bool *out, struct folder_session *s, struct err *err)
{
	struct text_state *state = text_state_of(s, err);

	if (!state)
		return -1;
	struct text_series *list = &state->series;
	if (!list->known) {
		struct looking l = { .s = s, .list = list };
		struct err why = { 0 };

		text_series_clear(list);
		if (folder_walk(&s->folder, text_kind_of(&s->base)->wants, look_at, NULL, &l,
				&why) < 0 &&
		    !l.mixed)
			return *err = why, -1;
		list->known = true;
		list->apart = !l.mixed && list->keys.n && (l.n_files > 1 || l.named);
	}
	*out = list->apart;
	return 0;
}

void
text_series_forget(struct folder_session *s)
{
	struct text_state *state = s->state;

	if (state)
		state->series.known = false;
}

/* Beside the file whose name sorts last. */
static int
new_path(struct buf *out, const struct text_series *list, struct span uid,
	 const struct field_key *key, struct err *err)
{
	const char *last = list->paths[list->last];

	return buf_append(out, span_of(last, folder_bytes(last)), err) < 0
		       ? -1
		       : append_name(out, uid, key, err);
}

int
text_series_target(struct text_target *out, struct folder_session *s, struct span item,
		   struct err *err)
{
	AUTO(buf_clear) struct buf uid = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf path = BUF_INIT(2 * APP_PATH_MAX);
	struct text_state *state = text_state_of(s, err);
	struct field_key key;

	if (!state || series_key(&key, &uid, item, err) < 0)
		return -1;
	const struct text_series *list = &state->series;
	size_t at = key_set_find(&list->keys, &key);
	out->is_new = at == KEY_SET_NONE;
	if (out->is_new && new_path(&path, list, buf_span(&uid), &key, err) < 0)
		return -1;
	out->path = strdup(out->is_new ? buf_str(&path) : list->paths[at]);
	return out->path ? 0 : err_nomem(err);
}

int
text_series_made(struct folder_session *s, struct span item, const char *path, struct err *err)
{
	AUTO(buf_clear) struct buf uid = BUF_INIT(ITEM_BYTES_MAX);
	struct text_state *state = text_state_of(s, err);
	struct field_key key;

	if (!state || series_key(&key, &uid, item, err) < 0)
		return -1;
	return add(&state->series, &key, path, err);
}
