/* SPDX-License-Identifier: Apache-2.0 */
/*
 * game: a folder of saved games.  Each file directly in it is a slot, each folder, too: all of its files
 * are one item (slot.h), called FOLDER.tar.
 *
 * Merged by path and content, like files: where two devices played on, both branches stay, the
 * backup's as `SLOT (from backup)`.
 */
#include <stdlib.h>

#include "apps/app_item.h"
#include "apps/item_writer.h"
#include "apps/slot.h"
#include "base/array.h"

#define SLOT_END  ".tar"
#define SLOTS_MAX 1000000u
#define TYPE_SLOT "application/x-tar"
#define TYPE_FILE "application/octet-stream"

/* Is @path a folder's?  Then @name receives the folder's name. */
static bool
is_folder_slot(const char *path, char name[static FOLDER_PART_MAX + 1])
{
	size_t n = strlen(path), end = sizeof SLOT_END - 1;

	if (n <= end || n - end > FOLDER_PART_MAX || strcmp(path + n - end, SLOT_END) != 0)
		return false;
	memcpy(name, path, n - end);
	name[n - end] = '\0';
	return true;
}

/* Listing. */

struct listing {
	struct app_source *slots; /* owned, with their paths */
	size_t n, cap;
	char folder[FOLDER_PART_MAX + 1]; /* at hand, or "" */
	struct slot_sum sum;              /* of it */
	app_refused_fn *refused;
	void *ctx;
};

static void
listing_clear(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free((char *)(uintptr_t)l->slots[i].path);
	free(l->slots);
}
AUTO_OBJ(listing_clear, struct listing);

static int
add_slot(struct listing *l, const char *name, const char *end, const struct app_stamp *stamp,
	 struct err *err)
{
	AUTO(buf_clear) struct buf path = BUF_INIT(FOLDER_PART_MAX + sizeof SLOT_END);
	char *copy;

	if (array_reserve((void **)&l->slots, &l->cap, l->n + 1, sizeof *l->slots, SLOTS_MAX, err) <
		    0 ||
	    buf_append_fmt(&path, err, "%s%s", name, end) < 0)
		return -1;
	copy = strdup(buf_str(&path));
	if (!copy)
		return err_nomem(err);
	l->slots[l->n++] = (struct app_source){ copy, *stamp };
	return 0;
}

/* The folder at hand is listed to its end. */
static int
folder_done(struct listing *l, struct err *err)
{
	struct app_stamp stamp = slot_sum_stamp(&l->sum);
	int rc = l->folder[0] ? add_slot(l, l->folder, SLOT_END, &stamp, err) : 0;

	l->folder[0] = '\0';
	l->sum = (struct slot_sum){ 0 };
	return rc;
}

/* Names that are no slot's. */
static int
refuse_name(struct listing *l, const char *path, struct err *err)
{
	struct err why = { 0 };

	if (strchr(path, '/'))
		err_set(&why, ERR_LIMIT, "the name of a saved folder is longer than %zu bytes",
			FOLDER_PART_MAX - (sizeof SLOT_END - 1));
	else
		err_set(&why, ERR_UNSUPPORTED,
			"a file called .tar is left out: it would be taken for a folder");
	return l->refused ? l->refused(l->ctx, &(struct app_refused){ .source = path, .why = &why },
				       err)
			  : 0;
}

/* Files come in the order of whole paths, those of a folder one after the other. */
static int
add_file(void *ctx, const struct app_source *source, struct err *err)
{
	struct listing *l = ctx;
	const char *slash = strchr(source->path, '/');
	size_t n = slash ? (size_t)(slash - source->path) : 0;
	char name[FOLDER_PART_MAX + 1];

	if (l->folder[0] && (strlen(l->folder) != n || memcmp(l->folder, source->path, n) != 0) &&
	    folder_done(l, err) < 0)
		return -1;
	if (!slash)
		return is_folder_slot(source->path, name)
			       ? refuse_name(l, source->path, err)
			       : add_slot(l, source->path, "", &source->stamp, err);
	if (n + sizeof SLOT_END - 1 > FOLDER_PART_MAX)
		return refuse_name(l, source->path, err);
	memcpy(l->folder, source->path, n);
	l->folder[n] = '\0';
	slot_sum_add(&l->sum, slash + 1, &source->stamp);
	return 0;
}

static int
pass_on(void *ctx, const struct app_refused *refused, struct err *err)
{
	struct listing *l = ctx;

	return l->refused ? l->refused(l->ctx, refused, err) : 0;
}

static int
by_path(const void *a, const void *b)
{
	const struct app_source *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static int
game_sources(struct app_session *s, app_source_fn *fn, app_refused_fn *refused, void *ctx,
	     struct err *err)
{
	AUTO(listing_clear) struct listing l = { .refused = refused, .ctx = ctx };

	if (folder_walk(&folder_session_of(s)->folder, NULL, add_file, pass_on, &l, err) < 0 ||
	    folder_done(&l, err) < 0)
		return -1;
	if (l.n > 1)
		qsort(l.slots, l.n, sizeof *l.slots, by_path);
	for (size_t i = 0; i < l.n; i++)
		if (fn(ctx, &l.slots[i], err) < 0)
			return -1;
	return 0;
}

static int
game_stamp(struct app_stamp *out, struct app_session *s, const char *path, struct err *err)
{
	AUTO(slot_clear) struct slot slot = SLOT_INIT;
	char name[FOLDER_PART_MAX + 1];
	int rc;

	if (folder_path_check(path, err) < 0)
		return -1;
	if (strchr(path, '/'))
		return APP_MOVED;
	if (!is_folder_slot(path, name))
		return folder_session_stamp(out, s, path, err);
	rc = slot_load(&slot, folder_session_of(s)->folder.fd, name, err);
	*out = slot_sum_stamp(&slot.sum);
	return rc || slot.n ? rc : APP_MOVED;
}

/* Reading. */

/* A folder of which a part cannot be read is no item now. */
static int
check_whole(const struct app_source *source, struct app_session *s, app_refused_fn *refused,
	    void *ctx, struct err *err)
{
	struct err why = { 0 };
	struct app_stamp now;
	int rc = game_stamp(&now, s, source->path, &why);

	if (rc == 0)
		return app_stamp_equal(&now, &source->stamp) ? 0 : APP_MOVED;
	if (rc > 0)
		return rc;
	if (why.code != ERR_IO) {
		if (err)
			*err = why;
		return -1;
	}
	struct app_refused r = { .source = source->path, .why = &why };
	return refused && refused(ctx, &r, err) < 0 ? -1 : APP_UNREAD;
}

static int
game_read_source(struct app_session *s, const struct app_source *source, app_item_fn *fn,
		 app_refused_fn *refused, void *ctx, struct err *err)
{
	AUTO(buf_clear) struct buf name = BUF_INIT(8192);
	char folder[FOLDER_PART_MAX + 1];
	bool is_folder = is_folder_slot(source->path, folder);
	struct app_item item = {
		.place = { .source = source->path,
			   .stamp = source->stamp,
			   .size = source->stamp.size },
		.type = is_folder ? TYPE_SLOT : TYPE_FILE,
		.modified_unix_ms = source->stamp.mtime_ns / 1000000,
	};
	int rc = is_folder ? check_whole(source, s, refused, ctx, err) : 0;

	if (rc)
		return rc;
	if (name_for_people(&name, span_str(is_folder ? folder : source->path), err) < 0)
		return -1;
	item.name = buf_span(&name);
	return fn(ctx, &item, err);
}

static int
game_type(const char **out, struct app_session *s, const struct app_place *place, struct err *err)
{
	char folder[FOLDER_PART_MAX + 1];

	(void)s;
	(void)err;
	*out = is_folder_slot(place->source, folder) ? TYPE_SLOT : TYPE_FILE;
	return 0;
}

static int
game_open_item(struct item_reader **out, struct app_session *s, const struct app_place *place,
	       struct err *err)
{
	char folder[FOLDER_PART_MAX + 1];
	struct folder_session *f = folder_session_of(s);

	return is_folder_slot(place->source, folder)
		       ? slot_reader_new(out, f->folder.fd, folder, &place->stamp, err)
		       : folder_reader_new(out, f, place, err);
}

/* Writing. */

static int
game_create(struct item_writer **out, struct app_session *s, const char *path, struct err *err)
{
	char folder[FOLDER_PART_MAX + 1];

	if (folder_path_check(path, err) < 0)
		return -1;
	if (strchr(path, '/'))
		return err_set(err, ERR_USAGE, "%s: a slot lies directly in the game's folder",
			       path);
	return is_folder_slot(path, folder)
		       ? slot_writer_new(out, folder_session_of(s)->folder.fd, folder, path, err)
		       : folder_writer_new(out, s, path, err);
}

static int
game_remove(struct app_session *s, const struct app_place *place, struct err *err)
{
	char folder[FOLDER_PART_MAX + 1];

	return is_folder_slot(place->source, folder)
		       ? slot_remove(folder_session_of(s)->folder.fd, folder, &place->stamp, err)
		       : folder_remove_file(s, place, err);
}

static int
game_apply(struct app_session *s, struct app_change *changes, size_t n, struct err *err)
{
	return whole_files_apply(s, changes, n, game_remove, err);
}

static int
game_open(struct app_session **out, const struct app *app, struct err *err)
{
	if (folder_session_open(out, app, err) < 0)
		return -1;
	if (!folder_session_of(*out)->folder.only)
		return 0;
	folder_session_close(*out);
	return err_set(err, ERR_USAGE, "%s: %s is no folder of saved games", app->name, app->path);
}

extern const struct adapter adapter_game;
const struct adapter adapter_game = {
	.name = "game",
	.open = game_open,
	.close = folder_session_close,
	.sources = game_sources,
	.stamp = game_stamp,
	.tidy = folder_session_tidy,
	.read_source = game_read_source,
	.type = game_type,
	.open_item = game_open_item,
	.apply = game_apply,
	.create = game_create,
};
