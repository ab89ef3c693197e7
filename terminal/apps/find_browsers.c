/* SPDX-License-Identifier: Apache-2.0 */
/* find_browsers: the profiles of web browsers. */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "apps/find.h"
#include "os/os.h"

#define INI_BYTES   ((size_t)1 << 20)
#define STATE_BYTES ((size_t)16 << 20) /* Local State: mostly some 10 kB */
#define STATE_DEPTH 100

/* A small file, NUL-terminated.  1: there is none that can be read. */
static int
small_file(struct buf *out, const char *path, struct err *err)
{
	struct err why = { 0 };

	if (os_read_file(AT_FDCWD, path, out, &why) == 0)
		return 0;
	return why.code == ERR_NOMEM ? err_nomem(err) : 1;
}

/* Firefox. */

/* One section [Profile…] of profiles.ini: Name=, Path=, IsRelative=. */
struct profile {
	bool is_one;
	bool relative;
	char name[256];
	char path[FIND_PATH_BYTES];
};

static int
tell_profile(const struct profile *p, const char *root, app_find_fn *fn, void *ctx, struct err *err)
{
	char name[APP_NAME_MAX + 1], path[FIND_PATH_BYTES], places[FIND_PATH_BYTES];
	struct app_found found = { .name = name, .path = path };
	int n, m;

	if (!p->is_one || !p->path[0] || (!p->relative && p->path[0] != '/'))
		return 0;
	n = snprintf(path, sizeof path, "%s%s%s", p->relative ? root : "", p->relative ? "/" : "",
		     p->path);
	m = snprintf(places, sizeof places, "%s/places.sqlite", path);
	if (n < 0 || (size_t)n >= sizeof path || m < 0 || (size_t)m >= sizeof places ||
	    !find_is_file(places))
		return 0;
	find_name(name, "bookmarks-firefox", p->name);
	return fn(ctx, &found, err);
}

static bool
key_is(const char *line, const char *key, const char **value)
{
	size_t n = strlen(key);

	*value = line + n + 1;
	return strncmp(line, key, n) == 0 && line[n] == '=';
}

static void
read_line(struct profile *p, const char *line)
{
	const char *value;

	if (key_is(line, "Name", &value))
		snprintf(p->name, sizeof p->name, "%s", value);
	else if (key_is(line, "Path", &value))
		snprintf(p->path, sizeof p->path, "%s", value);
	else if (key_is(line, "IsRelative", &value))
		p->relative = *value != '0';
}

static int
profiles_of(const char *root, app_find_fn *fn, void *ctx, struct err *err)
{
	AUTO(buf_clear) struct buf ini = BUF_INIT(INI_BYTES);
	char path[FIND_PATH_BYTES];
	struct profile p = { 0 };
	char *rest, *line;
	int n = snprintf(path, sizeof path, "%s/profiles.ini", root), rc;

	if (n < 0 || (size_t)n >= sizeof path)
		return 0;
	rc = small_file(&ini, path, err);
	if (rc != 0 || !ini.n)
		return rc < 0 ? -1 : 0;
	for (rest = (char *)ini.p; (line = strsep(&rest, "\n"));) {
		line[strcspn(line, "\r")] = '\0';
		if (line[0] != '[') {
			read_line(&p, line);
			continue;
		}
		if (tell_profile(&p, root, fn, ctx, err) < 0)
			return -1;
		p = (struct profile){ .is_one = strncmp(line, "[Profile", 8) == 0,
				      .relative = true };
	}
	return tell_profile(&p, root, fn, ctx, err);
}

/* installs.ini says only which of the profiles an installation starts with. */
int
firefox_find(app_find_fn *fn, void *ctx, struct err *err)
{
	char root[FIND_PATH_BYTES];

	if (find_path(root, FIND_CONFIG, "mozilla/firefox") && profiles_of(root, fn, ctx, err) < 0)
		return -1;
	return find_path(root, FIND_HOME, ".mozilla/firefox") ? profiles_of(root, fn, ctx, err) : 0;
}

/* Chromium. */

static int
tell_folder(const char *root, const char *folder, app_find_fn *fn, void *ctx, struct err *err)
{
	char name[APP_NAME_MAX + 1], path[FIND_PATH_BYTES];
	struct app_found found = { .name = name, .path = path };
	int n = snprintf(path, sizeof path, "%s/%s", root, folder);

	if (n < 0 || (size_t)n >= sizeof path || !folder[0] || strchr(folder, '/') ||
	    strcmp(folder, ".") == 0 || strcmp(folder, "..") == 0 || !find_is_folder(path))
		return 0;
	find_name(name, "bookmarks-chromium", folder);
	return fn(ctx, &found, err);
}

/* The profiles of Local State, in its order. */
static int
tell_folders(struct json_object *state, const char *root, app_find_fn *fn, void *ctx,
	     struct err *err)
{
	struct json_object *profile = NULL, *cache = NULL;
	struct json_object_iterator at, end;

	if (!json_object_object_get_ex(state, "profile", &profile) ||
	    !json_object_object_get_ex(profile, "info_cache", &cache) ||
	    !json_object_is_type(cache, json_type_object))
		return 0;
	end = json_object_iter_end(cache);
	for (at = json_object_iter_begin(cache); !json_object_iter_equal(&at, &end);
	     json_object_iter_next(&at))
		if (tell_folder(root, json_object_iter_peek_name(&at), fn, ctx, err) < 0)
			return -1;
	return 0;
}

int
chromium_find(app_find_fn *fn, void *ctx, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(STATE_BYTES);
	char root[FIND_PATH_BYTES], path[FIND_PATH_BYTES];
	struct json_tokener *tokener;
	struct json_object *state;
	int rc;

	if (!find_path(root, FIND_CONFIG, "chromium") ||
	    !find_path(path, FIND_CONFIG, "chromium/Local State"))
		return 0;
	rc = small_file(&text, path, err);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	tokener = json_tokener_new_ex(STATE_DEPTH);
	if (!tokener)
		return err_nomem(err);
	state = json_tokener_parse_ex(tokener, buf_str(&text), (int)text.n + 1);
	json_tokener_free(tokener);
	rc = tell_folders(state, root, fn, ctx, err);
	json_object_put(state);
	return rc;
}

/* GNOME Web. */

int
epiphany_find(app_find_fn *fn, void *ctx, struct err *err)
{
	char path[FIND_PATH_BYTES];

	return find_path(path, FIND_DATA, "epiphany/bookmarks.gvdb")
		       ? find_one("bookmarks-epiphany", NULL, path, fn, ctx, err)
		       : 0;
}
