/* SPDX-License-Identifier: Apache-2.0 */
/* target: which app takes a folder's items; see restore_internal.h. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "box/box_apps.h"
#include "item/form.h"
#include "os/os.h"
#include "restore/restore_internal.h"

void
target_clear(struct target *t)
{
	app_session_free(t->session);
	app_free(t->app);
	*t = (struct target){ 0 };
}

/* DIR/APP, absolute. */
static int
create_path(char *out, size_t n, const char *dir, const char *app, struct err *err)
{
	char here[PATH_MAX] = "";
	int len;

	if (dir[0] != '/' && !getcwd(here, sizeof here))
		return err_sys(err, errno, "the present folder");
	len = snprintf(out, n, "%s%s%s/%s", here, dir[0] == '/' ? "" : "/", dir, app);
	return len < 0 || (size_t)len >= n ? err_set(err, ERR_LIMIT, "the path is too long") : 0;
}

/* @path becomes that of the file @name in it, which is made where there is none. */
static int
create_file(char *path, size_t size, const char *name, bool preview, struct err *err)
{
	size_t n = strlen(path);
	int len = snprintf(path + n, size - n, "/%s", name);

	if (len < 0 || (size_t)len >= size - n)
		return err_set(err, ERR_LIMIT, "the path is too long");
	return preview || os_create_file(AT_FDCWD, path, span_of(NULL, 0), 0600, err) >= 0 ? 0 : -1;
}

static int
target_create(struct target *t, const struct run *r, const char *app, struct span mime,
	      struct err *err)
{
	const struct adapter *adapter = adapter_for_type(mime);
	char path[PATH_MAX];
	struct err why = { 0 };

	if (create_path(path, sizeof path, r->rq->create_dir, app, err) < 0)
		return -1;
	if (!r->rq->preview && os_make_folders(AT_FDCWD, path, 0700, err) < 0)
		return -1;
	if (adapter->new_file &&
	    create_file(path, sizeof path, adapter->new_file, r->rq->preview, err) < 0)
		return -1;
	if (app_new(&t->app, app, adapter->name, path, err) < 0)
		return -1;
	if (app_session_open(&t->session, t->app, &why) == 0)
		return 0;
	target_clear(t);
	t->made_up = r->rq->preview && why.code == ERR_NOT_FOUND;
	if (t->made_up)
		return 0;
	if (err)
		*err = why;
	return -1;
}

/* The app of the Box, with its place on this disk; no target where either is missing. */
static int
target_find(struct target *t, const struct run *r, const char *app, struct err *err)
{
	struct err why = { 0 };

	t->in_box = true;
	if (box_app_get(&t->app, r->box, app, &why) == 0 &&
	    app_session_open(&t->session, t->app, &why) == 0)
		return 0;
	target_clear(t);
	if (why.code == ERR_NOT_FOUND)
		return 0;
	if (err)
		*err = why;
	return -1;
}

static int
target_choose(struct target *t, struct run *r, const char *app, struct span mime, struct err *err)
{
	const char *into = r->rq->into ? r->rq->into : app;

	r->crossing = strcmp(into, app) != 0;
	if (target_find(t, r, into, err) < 0)
		return -1;
	if (!t->app && r->rq->into)
		return err_set(err, ERR_NOT_FOUND, "app \"%s\" is not on this terminal", into);
	if (!t->app && r->rq->create_dir)
		return target_create(t, r, app, mime, err);
	return 0;
}

int
target_open(struct target *t, struct run *r, const char *app, struct span mime, struct err *err)
{
	struct app_session *s;

	if (target_choose(t, r, app, mime, err) < 0)
		return -1;
	s = t->session;
	if (!s || r->rq->preview)
		return 0;
	return app_session_ready(s, &t->unready) < 0 ? 0 : s->adapter->tidy(s, err);
}

const struct form *
opened_form(const struct opened *list, size_t n)
{
	const struct form *form = form_of_type(list[0].record.mime);

	for (size_t i = 1; form && i < n; i++)
		if (form_of_type(list[i].record.mime) != form)
			return NULL;
	return form;
}

/* A file's id is its path; of items within files some have another. */
static bool
are_within_files(const struct opened *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].record.path.n &&
		    !span_equal(list[i].record.path, list[i].record.native_id))
			return true;
	return false;
}

static bool
is_any_of(const struct opened *list, size_t n, const struct form *form)
{
	for (size_t i = 0; i < n; i++)
		if (form_of_type(list[i].record.mime) == form)
			return true;
	return false;
}

int
target_check_kind(struct target *t, const struct run *r, const char *app, const struct opened *list,
		  size_t n, struct err *err)
{
	const struct form *mine = t->session ? t->session->adapter->form : NULL;
	const char *into = r->rq->into;

	t->checked = true;
	if (!t->session)
		return 0;
	t->of_other_kind = mine ? !is_any_of(list, n, mine)
				: opened_form(list, n) && are_within_files(list, n);
	if (!t->of_other_kind || !into)
		return 0;
	err_set(err, ERR_UNSUPPORTED, "%s has another kind of items than %s: it cannot take them",
		into, app);
	return err_hint(err, "`cloudbox apps` lists the apps here and their adapters; `--create "
			     "DIR` makes files of open formats");
}
