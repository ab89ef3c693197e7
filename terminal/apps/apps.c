/* SPDX-License-Identifier: Apache-2.0 */
/* apps: see apps.h. */
#include "apps/apps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
#define ADAPTERS(X)                                                                                \
	X(bookmarks_html)                                                                          \
	X(calls_xml)                                                                               \
	X(chatty)                                                                                  \
	X(chromium)                                                                                \
	X(eds_calendar)                                                                            \
	X(eds_contacts)                                                                            \
	X(eds_memos)                                                                               \
	X(eds_tasks)                                                                               \
	X(epiphany)                                                                                \
	X(files)                                                                                   \
	X(firefox)                                                                                 \
	X(game)                                                                                    \
	X(gnome_calls)                                                                             \
	X(ical)                                                                                    \
	X(ical_memos)                                                                              \
	X(ical_tasks)                                                                              \
	X(plugin)                                                                                  \
	X(programs)                                                                                \
	X(sms_ie)                                                                                  \
	X(sms_xml)                                                                                 \
	X(vcard)                                                                                   \
	X(vitem)
/* clang-format on */

#define DECLARE(name) extern const struct adapter adapter_##name;
ADAPTERS(DECLARE)

#define ADDRESS(name) &adapter_##name,
const struct adapter *const adapters[] = { ADAPTERS(ADDRESS) NULL };

int
adapter_find(const struct adapter **out, const char *name, struct err *err)
{
	char names[400] = "";

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
		if (adapters[i]->form == form && (adapters[i]->text || adapters[i]->new_file))
			return adapters[i];
	return &adapter_files;
}

const struct adapter *
adapter_for_import(const struct form *form, const char *path)
{
	for (size_t i = 0; form && adapters[i]; i++)
		if (adapters[i]->form == form && adapters[i]->reads && adapters[i]->reads(path))
			return adapters[i];
	return form ? adapter_for_type(span_str(form->types[0])) : &adapter_files;
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
	if (!(*out)->adapter)
		(*out)->adapter = a;
	(*out)->app = app;
	return 0;
}

int
app_session_ready(struct app_session *s, struct err *err)
{
	return s->adapter->ready ? s->adapter->ready(s, err) : 0;
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
