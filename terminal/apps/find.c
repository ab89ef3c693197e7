/* SPDX-License-Identifier: Apache-2.0 */
/* find: see find.h; and apps_find(), of apps.h: every adapter's apps, each with a name of its own. */
#include "apps/find.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "apps/apps.h"
#include "base/array.h"
#include "os/os.h"

#define FOUND_MAX 1000 /* nobody has so many profiles */

/* Places. */

static bool
join(char out[static FIND_PATH_BYTES], const char *base, const char *between, const char *rest)
{
	int n = snprintf(out, FIND_PATH_BYTES, "%s%s%s%s", base, between, rest[0] ? "/" : "", rest);

	return n > 0 && n < FIND_PATH_BYTES;
}

static const char *
absolute(const char *variable)
{
	const char *value = getenv(variable);

	return value && value[0] == '/' ? value : NULL;
}

bool
find_path(char out[static FIND_PATH_BYTES], enum find_base base, const char *rest)
{
	static const char *const variables[] = { "HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME" };
	static const char *const usual[] = { "", "/.local/share", "/.config" };
	const char *set = absolute(variables[base]), *home = absolute("HOME");

	if (set)
		return join(out, set, "", rest);
	return home && join(out, home, usual[base], rest);
}

bool
find_is_file(const char *path)
{
	struct stat st;

	return os->fstatat(AT_FDCWD, path, &st, 0) == 0 && S_ISREG(st.st_mode);
}

bool
find_is_folder(const char *path)
{
	struct stat st;

	return os->fstatat(AT_FDCWD, path, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

/* Names. */

void
find_name(char out[static APP_NAME_MAX + 1], const char *prefix, const char *text)
{
	size_t n = (size_t)snprintf(out, APP_NAME_MAX + 1, "%s-", prefix);

	for (; *text && n < APP_NAME_MAX; text++) {
		char c = (char)tolower((unsigned char)*text);
		bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (plain || out[n - 1] != '-')
			out[n++] = plain ? c : '-';
	}
	while (out[n - 1] == '-')
		n--;
	out[n] = '\0';
}

int
find_one(const char *name, const char *other, const char *path, app_find_fn *fn, void *ctx,
	 struct err *err)
{
	struct app_found found = { .name = name, .other = other, .path = path };

	return find_is_file(path) || find_is_folder(path) ? fn(ctx, &found, err) : 0;
}

/* All that is found. */

struct candidate {
	struct app *app; /* owned */
	char *other;     /* owned, or NULL */
	size_t adapter;  /* its place among adapters[] */
};

struct candidates {
	struct candidate *list; /* owned */
	size_t n, cap;
	size_t adapter; /* whose find operation speaks */
};

static void
candidates_clear(struct candidates *c)
{
	for (size_t i = 0; i < c->n; i++) {
		app_free(c->list[i].app);
		free(c->list[i].other);
	}
	free(c->list);
}
AUTO_OBJ(candidates_clear, struct candidates);

static int
collect(void *ctx, const struct app_found *found, struct err *err)
{
	struct candidates *c = ctx;
	struct candidate *one;

	if (array_reserve((void **)&c->list, &c->cap, c->n + 1, sizeof *c->list, FOUND_MAX, err) <
	    0)
		return -1;
	one = &c->list[c->n];
	*one = (struct candidate){ .adapter = c->adapter };
	if (app_new(&one->app, found->name, adapters[c->adapter]->name, found->path, err) < 0)
		return -1;
	c->n++;
	for (size_t i = 0; i < found->n_settings; i++)
		if (app_set(one->app, found->settings[i].key, found->settings[i].value, err) < 0)
			return -1;
	if (found->other && !(one->other = strdup(found->other)))
		return err_nomem(err);
	return 0;
}

static int
by_wish(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int c = strcmp(x->app->name, y->app->name);

	if (c == 0)
		c = (x->adapter > y->adapter) - (x->adapter < y->adapter);
	return c ? c : strcmp(x->app->path, y->app->path);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp((*(struct app *const *)a)->name, (*(struct app *const *)b)->name);
}

/* Naming them. */

struct naming {
	const struct app_known *known;
	size_t n_known;
	const struct candidates *found;
	struct app **told; /* owned; the apps are the candidates' */
	size_t n_told;
};

static const struct app_known *
known_by_name(const struct naming *n, const char *name)
{
	for (size_t i = 0; i < n->n_known; i++)
		if (strcmp(n->known[i].name, name) == 0)
			return &n->known[i];
	return NULL;
}

static const struct app *
told_by_name(const struct naming *n, const char *name)
{
	for (size_t i = 0; i < n->n_told; i++)
		if (strcmp(n->told[i]->name, name) == 0)
			return n->told[i];
	return NULL;
}

/* One file or folder: people type paths through links. */
static bool
is_same_place(const char *a, const char *b)
{
	struct stat x, y;

	return strcmp(a, b) == 0 ||
	       (os->fstatat(AT_FDCWD, a, &x, 0) == 0 && os->fstatat(AT_FDCWD, b, &y, 0) == 0 &&
		x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

static bool
is_this(const struct app_known *known, const struct app *app)
{
	return strcmp(known->adapter, app->adapter) == 0 && is_same_place(known->path, app->path);
}

static bool
is_known(const struct naming *n, const struct app *app)
{
	for (size_t i = 0; i < n->n_known; i++)
		if (is_this(&n->known[i], app))
			return true;
	return false;
}

static bool
is_found(const struct naming *n, const struct app_known *known)
{
	for (size_t i = 0; i < n->found->n; i++)
		if (is_this(known, n->found->list[i].app))
			return true;
	return false;
}

static bool
is_free(const struct naming *n, const char *name)
{
	return !known_by_name(n, name) && !told_by_name(n, name);
}

/* NAME-2, NAME-3, …, with as much of NAME as fits. */
static void
next_free(char out[static APP_NAME_MAX + 1], const struct naming *n, const char *name)
{
	char end[24];

	for (size_t i = 2;; i++) {
		int len = snprintf(end, sizeof end, "-%zu", i);

		snprintf(out, APP_NAME_MAX + 1, "%.*s%s", APP_NAME_MAX - len, name, end);
		if (is_free(n, out))
			return;
	}
}

/* What the candidate is to be called.  False: it is not told. */
static bool
choose_name(char out[static APP_NAME_MAX + 1], const struct naming *n, const struct candidate *c)
{
	const char *wish = c->app->name;
	const struct app_known *known = known_by_name(n, wish);
	const struct app *told = known ? NULL : told_by_name(n, wish);
	const char *holder = known ? known->adapter : told ? told->adapter : NULL;

	if (holder && strcmp(holder, c->app->adapter) != 0) {
		if (!c->other)
			return false;
		wish = c->other;
	} else if (known && !is_found(n, known)) {
		return false; /* somebody put it elsewhere */
	}
	if (is_free(n, wish))
		snprintf(out, APP_NAME_MAX + 1, "%s", wish);
	else
		next_free(out, n, wish);
	return true;
}

static int
rename_app(struct app *app, const char *name, struct err *err)
{
	char *copy;

	if (strcmp(app->name, name) == 0)
		return 0;
	copy = strdup(name);
	if (!copy)
		return err_nomem(err);
	free(app->name);
	app->name = copy;
	return 0;
}

static int
name_all(struct naming *n, struct err *err)
{
	char name[APP_NAME_MAX + 1];

	n->told = calloc(n->found->n + 1, sizeof *n->told);
	if (!n->told)
		return err_nomem(err);
	for (size_t i = 0; i < n->found->n; i++) {
		struct candidate *c = &n->found->list[i];

		if (is_known(n, c->app) || !choose_name(name, n, c))
			continue;
		if (rename_app(c->app, name, err) < 0)
			return -1;
		n->told[n->n_told++] = c->app;
	}
	qsort(n->told, n->n_told, sizeof *n->told, by_name);
	return 0;
}

int
apps_find(const struct app_known *known, size_t n_known, app_found_fn *fn, void *ctx,
	  struct err *err)
{
	AUTO(candidates_clear) struct candidates found = { 0 };
	struct naming n = { .known = known, .n_known = n_known, .found = &found };
	int rc = 0;

	for (size_t i = 0; rc == 0 && adapters[i]; i++) {
		found.adapter = i;
		if (adapters[i]->find)
			rc = adapters[i]->find(collect, &found, err);
	}
	if (rc < 0)
		return -1;
	if (found.n > 1)
		qsort(found.list, found.n, sizeof *found.list, by_wish);
	rc = name_all(&n, err);
	for (size_t i = 0; rc == 0 && i < n.n_told; i++)
		rc = fn(ctx, n.told[i], err) < 0 ? -1 : 0;
	free(n.told);
	return rc;
}
