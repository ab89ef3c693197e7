/* SPDX-License-Identifier: Apache-2.0 */
/* apps: see apps.h. */
#include "apps/apps.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/os.h"

extern const struct adapter adapter_calls_xml, adapter_files, adapter_sms_xml, adapter_vcard;

const struct adapter *const adapters[] = { &adapter_calls_xml, &adapter_files, &adapter_sms_xml,
					   &adapter_vcard, NULL };

int
adapter_find(const struct adapter **out, const char *name, struct err *err)
{
	char names[200] = "";

	for (size_t i = 0; adapters[i]; i++) {
		if (strcmp(adapters[i]->name, name) == 0) {
			*out = adapters[i];
			return 0;
		}
		size_t n = strlen(names);
		snprintf(names + n, sizeof names - n, "%s%s", n ? ", " : "", adapters[i]->name);
	}
	err_set(err, ERR_NOT_FOUND, "there is no adapter %s", name);
	return err_hint(err, "the adapters are: %s", names);
}

const struct adapter *
adapter_for_type(struct span type)
{
	const struct form *form = form_of_type(type);

	for (size_t i = 0; form && adapters[i]; i++)
		if (adapters[i]->form == form)
			return adapters[i];
	return &adapter_files;
}

bool
app_name_is_valid(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n > 0 && n <= APP_NAME_MAX && name[n] == '\0' && strcmp(name, "box") != 0;
}

static int
app_fill(struct app *app, const char *name, const char *adapter, const char *path, struct err *err)
{
	app->name = strdup(name);
	app->adapter = strdup(adapter);
	app->path = strdup(path);
	return app->name && app->adapter && app->path ? 0 : err_nomem(err);
}

int
app_new(struct app **out, const char *name, const char *adapter, const char *path, struct err *err)
{
	const struct adapter *a;

	if (!app_name_is_valid(name)) {
		err_set(err, ERR_USAGE, "%s is no name for an app", name);
		return err_hint(err, "1 to %d of a-z, 0-9 and -; \"box\" is the Box itself",
				APP_NAME_MAX);
	}
	if (adapter_find(&a, adapter, err) < 0)
		return -1;
	if (path[0] != '/')
		return err_set(err, ERR_USAGE, "the path of %s must begin with /", name);
	struct app *app = calloc(1, sizeof *app);
	if (!app)
		return err_nomem(err);
	if (app_fill(app, name, adapter, path, err) < 0) {
		app_free(app);
		return -1;
	}
	*out = app;
	return 0;
}

static struct app_setting *
setting_of(const struct app *app, const char *key)
{
	for (size_t i = 0; i < app->n_settings; i++) {
		if (strcmp(app->settings[i].key, key) == 0)
			return &app->settings[i];
	}
	return NULL;
}

/* Make room for one more setting, empty. */
static struct app_setting *
setting_add(struct app *app)
{
	struct app_setting *more = reallocarray(app->settings, app->n_settings + 1, sizeof *more);

	if (!more)
		return NULL;
	app->settings = more;
	more[app->n_settings] = (struct app_setting){ NULL, NULL };
	return &more[app->n_settings++];
}

static int
string_replace(char **out, const char *s, struct err *err)
{
	char *copy = strdup(s);

	if (!copy)
		return err_nomem(err);
	free(*out);
	*out = copy;
	return 0;
}

int
app_set(struct app *app, const char *key, const char *value, struct err *err)
{
	struct app_setting *s = setting_of(app, key);

	if (s)
		return string_replace(&s->value, value, err);
	s = setting_add(app);
	if (!s)
		return err_nomem(err);
	if (string_replace(&s->key, key, err) == 0 && string_replace(&s->value, value, err) == 0)
		return 0;
	free(s->key);
	app->n_settings--;
	return -1;
}

const char *
app_get(const struct app *app, const char *key)
{
	const struct app_setting *s = setting_of(app, key);

	return s ? s->value : NULL;
}

void
app_free(struct app *app)
{
	if (!app)
		return;
	for (size_t i = 0; i < app->n_settings; i++) {
		free(app->settings[i].key);
		free(app->settings[i].value);
	}
	free(app->settings);
	free(app->name);
	free(app->adapter);
	free(app->path);
	free(app);
}

int
app_session_open(struct app_session **out, const struct app *app, struct err *err)
{
	const struct adapter *a;

	if (adapter_find(&a, app->adapter, err) < 0 || a->open(out, app, err) < 0)
		return -1;
	(*out)->adapter = a;
	(*out)->app = app;
	return 0;
}

void
app_session_free(struct app_session *s)
{
	if (s)
		s->adapter->close(s);
}

bool
app_stamp_equal(const struct app_stamp *a, const struct app_stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

void
app_change_clear(struct app_change *c)
{
	free(c->written_path);
	c->written_path = NULL;
}

/*
 * The user folders of the XDG base: ~/.config/user-dirs.dirs has lines like
 *     XDG_PICTURES_DIR="$HOME/Bilder"
 * with $HOME and a backslash as the only things that mean something (xdg-user-dirs).
 */
struct user_folder {
	const char *app;
	const char *key;
	const char *usual;
};

static const struct user_folder user_folders[] = {
	{ "documents", "XDG_DOCUMENTS_DIR", "Documents" },
	{ "music", "XDG_MUSIC_DIR", "Music" },
	{ "pictures", "XDG_PICTURES_DIR", "Pictures" },
	{ "videos", "XDG_VIDEOS_DIR", "Videos" },
};

static int
user_dirs_read(struct buf *out, const char *home, struct err *err)
{
	char path[4096];
	const char *config = getenv("XDG_CONFIG_HOME");
	int n = config && config[0] == '/'
			? snprintf(path, sizeof path, "%s/user-dirs.dirs", config)
			: snprintf(path, sizeof path, "%s/.config/user-dirs.dirs", home);

	if (n < 0 || (size_t)n >= sizeof path)
		return 0;
	if (os_read_file(AT_FDCWD, path, out, err) == 0)
		return 0;
	return err->code == ERR_NOMEM ? -1 : 0; /* no such file: the usual names serve */
}

/* The value of KEY="VALUE" on a line of its own. */
static bool
user_dirs_value(char *out, size_t cap, const char *text, const char *key, const char *home)
{
	size_t key_n = strlen(key), n = 0;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, key_n) != 0 || strncmp(line + key_n, "=\"", 2) != 0)
			continue;
		const char *p = line + key_n + 2;
		if (strncmp(p, "$HOME", 5) == 0) {
			n = (size_t)snprintf(out, cap, "%s", home);
			p += 5;
		}
		for (; *p && *p != '"' && *p != '\n' && n + 1 < cap; p++) {
			if (*p == '\\' && p[1])
				p++;
			out[n++] = *p;
		}
		if (n >= cap)
			return false;
		out[n] = '\0';
		return out[0] == '/';
	}
	return false;
}

static bool
is_folder_beside_home(const char *path, const char *home)
{
	struct stat st, home_st;

	return os->fstatat(AT_FDCWD, path, &st, 0) == 0 && S_ISDIR(st.st_mode) &&
	       os->fstatat(AT_FDCWD, home, &home_st, 0) == 0 &&
	       (st.st_ino != home_st.st_ino || st.st_dev != home_st.st_dev);
}

int
apps_find(app_found_fn *fn, void *ctx, struct err *err)
{
	AUTO(buf_clear) struct buf dirs = BUF_INIT(64 << 10);
	const char *home = getenv("HOME");
	struct err ignored = { 0 };
	char path[4096];

	if (!home || home[0] != '/')
		return 0;
	if (user_dirs_read(&dirs, home, &ignored) < 0)
		return err_nomem(err);
	for (size_t i = 0; i < sizeof user_folders / sizeof *user_folders; i++) {
		const struct user_folder *u = &user_folders[i];
		AUTO(app_free) struct app *app = NULL;

		if (!user_dirs_value(path, sizeof path, buf_str(&dirs), u->key, home)) {
			int n = snprintf(path, sizeof path, "%s/%s", home, u->usual);
			if (n < 0 || (size_t)n >= sizeof path)
				continue;
		}
		if (!is_folder_beside_home(path, home))
			continue;
		if (app_new(&app, u->app, "files", path, err) < 0 || fn(ctx, app, err) < 0)
			return -1;
	}
	return 0;
}
