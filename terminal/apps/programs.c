/* SPDX-License-Identifier: Apache-2.0 */
/*
 * programs: program files (.apk, .deb, .flatpakref, .AppImage …) in a folder, each an item; and one more
 * item, the list of the programs that are installed (installed.h), which lies in no file.
 *
 * It is restored as a file beside: `installed-programs (from backup).txt`.  Nothing is ever installed.
 * Setting `root`: where the system's own databases lie; "/" unless it is set.
 */
#include <stdlib.h>

#include "apps/app_item.h"
#include "apps/apps.h"
#include "apps/find.h"
#include "apps/folder_session.h"
#include "apps/installed.h"
#include "apps/item_writer.h"
#include "base/bytes.h"
#include "item/key.h"

#define LIST_PATH  "installed-programs.txt"
#define LIST_STEM  "installed-programs" /* of the files that came from backups, too */
#define LIST_TYPE  "text/plain"
#define OTHER_TYPE "application/octet-stream"

/* The endings of program files, and their types (IANA; shared-mime-info 2.2). */
static const struct ending {
	const char *end;
	const char *type;
} endings[] = {
	{ ".apk", "application/vnd.android.package-archive" },
	{ ".appimage", "application/vnd.appimage" },
	{ ".deb", "application/vnd.debian.binary-package" },
	{ ".flatpak", "application/vnd.flatpak" },
	{ ".flatpakref", "application/vnd.flatpak.ref" },
	{ ".rpm", "application/x-rpm" },
	{ ".snap", "application/vnd.snap" },
	{ ".xapk", "application/x-xapk-package-archive" },
};

static const struct ending *
ending_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
		if (strcasecmp(dot, endings[i].end) == 0)
			return &endings[i];
	return NULL;
}

/* A list that came from a backup stays in sight. */
static bool
is_kept_list(const char *name)
{
	return strncmp(name, LIST_STEM, sizeof LIST_STEM - 1) == 0;
}

static bool
is_ours(const char *name)
{
	return ending_of(name) || is_kept_list(name);
}

static bool
is_list(const char *path)
{
	return strcmp(path, LIST_PATH) == 0;
}

/* The list. */

/* 0, INSTALLED_UNKNOWN or -1. */
static int
make_list(struct buf *out, struct app_stamp *stamp, struct app_session *s, struct err *err)
{
	const char *root = app_get(s->app, "root");
	char home[FIND_PATH_BYTES];
	int64_t modified_unix_ms = 0;
	struct field_key hash;
	int rc;

	if (!root || strcmp(root, "/") == 0)
		root = "";
	rc = installed_list(out, root, find_path(home, FIND_HOME, "") ? home : NULL,
			    &modified_unix_ms, err);
	if (rc)
		return rc;
	hash = key_hash(buf_span(out));
	*stamp = (struct app_stamp){ .device = get_u64(hash.b),
				     .inode = get_u64(hash.b + 8),
				     .size = out->n,
				     .mtime_ns = modified_unix_ms * 1000000 };
	return 0;
}

/* Sources: the list's place is that of its name. */

struct listing {
	bool has_list;
	struct app_source list; /* path NULL: none, or told already */
	app_source_fn *fn;
	void *ctx;
};

static int
tell_list(struct listing *l, struct err *err)
{
	struct app_source list = l->list;

	l->list.path = NULL;
	return list.path ? l->fn(l->ctx, &list, err) : 0;
}

static int
tell_file(void *ctx, const struct app_source *source, struct err *err)
{
	struct listing *l = ctx;

	if (l->has_list && is_list(source->path))
		return 0; /* a file of that name gives way to the list */
	if (l->list.path && strcmp(l->list.path, source->path) < 0 && tell_list(l, err) < 0)
		return -1;
	return l->fn(l->ctx, source, err);
}

static int
programs_sources(struct app_session *s, app_source_fn *fn, app_refused_fn *refused, void *ctx,
		 struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(INSTALLED_BYTES_MAX);
	struct listing l = { .list.path = LIST_PATH, .fn = fn, .ctx = ctx };
	int rc = make_list(&text, &l.list.stamp, s, err);

	if (rc < 0)
		return -1;
	l.has_list = rc == 0;
	if (!l.has_list)
		l.list.path = NULL;
	/* What is no program is no concern here: the folder may hold all kinds of things. */
	(void)refused;
	if (folder_walk(&folder_session_of(s)->folder, is_ours, tell_file, NULL, &l, err) < 0)
		return -1;
	return tell_list(&l, err);
}

static int
programs_stamp(struct app_stamp *out, struct app_session *s, const char *path, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(INSTALLED_BYTES_MAX);
	int rc;

	rc = is_list(path) ? make_list(&text, out, s, err) : INSTALLED_UNKNOWN;
	return rc == INSTALLED_UNKNOWN ? folder_session_stamp(out, s, path, err) : rc;
}

static const char *
type_of(const char *path)
{
	const struct ending *e = ending_of(path);

	return e ? e->type : is_kept_list(path) ? LIST_TYPE : OTHER_TYPE;
}

static int
programs_type(const char **out, struct app_session *s, const struct app_place *place,
	      struct err *err)
{
	(void)s;
	(void)err;
	*out = type_of(place->source);
	return 0;
}

static int
programs_read_source(struct app_session *s, const struct app_source *source, app_item_fn *fn,
		     app_refused_fn *refused, void *ctx, struct err *err)
{
	AUTO(buf_clear) struct buf name = BUF_INIT(8192);
	const char *slash = strrchr(source->path, '/');
	struct app_item item = {
		.place = { .source = source->path,
			   .stamp = source->stamp,
			   .size = source->stamp.size },
		.type = type_of(source->path),
		.modified_unix_ms = source->stamp.mtime_ns / 1000000,
	};

	(void)s;
	(void)refused;
	if (name_for_people(&name, span_str(slash ? slash + 1 : source->path), err) < 0)
		return -1;
	item.name = buf_span(&name);
	return fn(ctx, &item, err);
}

static int
programs_open_item(struct item_reader **out, struct app_session *s, const struct app_place *place,
		   struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(INSTALLED_BYTES_MAX);
	struct app_stamp now;
	int rc;

	rc = is_list(place->source) ? make_list(&text, &now, s, err) : INSTALLED_UNKNOWN;
	if (rc < 0)
		return -1;
	if (rc == INSTALLED_UNKNOWN)
		return folder_reader_new(out, folder_session_of(s), place, err);
	return app_stamp_equal(&now, &place->stamp) ? bytes_reader_new(out, &text, err) : APP_MOVED;
}

static int
programs_create(struct item_writer **out, struct app_session *s, const char *path, struct err *err)
{
	const char *root = app_get(s->app, "root");

	if (is_list(path) && installed_is_known(root ? root : ""))
		return err_set(err, ERR_EXISTS, "%s is this terminal's own list", path);
	return folder_writer_new(out, s, path, err);
}

static int
programs_remove(struct app_session *s, const struct app_place *place, struct err *err)
{
	return folder_remove_file(s, place, err); /* the list is no file: it is not there */
}

static int
programs_apply(struct app_session *s, struct app_change *changes, size_t n, struct err *err)
{
	return whole_files_apply(s, changes, n, programs_remove, err);
}

static int
programs_open(struct app_session **out, const struct app *app, struct err *err)
{
	if (folder_session_open(out, app, err) < 0)
		return -1;
	if (!folder_session_of(*out)->folder.only)
		return 0;
	folder_session_close(*out);
	return err_set(err, ERR_USAGE, "%s: %s is no folder", app->name, app->path);
}

extern const struct adapter adapter_programs;
const struct adapter adapter_programs = {
	.name = "programs",
	.find = programs_find,
	.open = programs_open,
	.close = folder_session_close,
	.sources = programs_sources,
	.stamp = programs_stamp,
	.tidy = folder_session_tidy,
	.read_source = programs_read_source,
	.type = programs_type,
	.open_item = programs_open_item,
	.apply = programs_apply,
	.create = programs_create,
};
