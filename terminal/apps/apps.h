/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apps: the adapters there are, and opening an app through its own.
 *
 *     AUTO(app_session_free) struct app_session *s = NULL;
 *     if (app_session_open(&s, app, err) < 0) ...
 *     s->adapter->sources(s, ...);
 */
#ifndef APPS_APPS_H
#define APPS_APPS_H

#include "apps/adapter.h"
#include "apps/item_reader.h"
#include "apps/item_writer.h"

/* All adapters; NULL at the end. */
extern const struct adapter *const adapters[];

/** The adapter named @name.  ERR_NOT_FOUND, with the names there are as the hint. */
int adapter_find(const struct adapter **out, const char *name, struct err *err);

/** The adapter over files for items of a MIME type: the first of the type's form, else whole files. */
const struct adapter *adapter_for_type(struct span type);

/** The adapter that reads @path for an import into an app of items of @form (NULL: whole files). */
const struct adapter *adapter_for_import(const struct form *form, const char *path);

/** Is @name `[a-z0-9-]{1,64}` and not `box`? */
bool app_name_is_valid(const char *name);

/** A new app; strings are copied.  ERR_USAGE (name, unknown adapter, path not absolute). */
int
app_new(struct app **out, const char *name, const char *adapter, const char *path, struct err *err);
/** Add a setting, or replace the one of that key.  ERR_NOMEM. */
int app_set(struct app *app, const char *key, const char *value, struct err *err);
/** The setting's value, or NULL. */
const char *app_get(const struct app *app, const char *key);
void app_free(struct app *app);
AUTO_PTR(app_free, struct app);

/** Open the app.  ERR_NOT_FOUND (adapter, or its path is not there), ERR_IO. */
int app_session_open(struct app_session **out, const struct app *app, struct err *err);
/** May the app be written now?  0, or -1: ERR_BUSY (it is open), ERR_UNSUPPORTED (it is only read); the
 *  hint says what to do. */
int app_session_ready(struct app_session *s, struct err *err);
void app_session_free(struct app_session *s);
AUTO_PTR(app_session_free, struct app_session);

/* An app that has its name already: of the Box, say. */
struct app_known {
	const char *name;
	const char *adapter;
	const char *path;
};

typedef int app_found_fn(void *ctx, const struct app *app, struct err *err);

/**
 * Call @fn for every app that this terminal has by itself and that is none of @known, by name.
 *
 * One of @known is recognised by adapter and path, so it keeps its name whatever is found beside it.
 * A name that is taken: by an app of the same adapter that lies elsewhere because somebody put it
 * there, the found one is that app and is not told; by another found app of the same adapter, NAME-2,
 * NAME-3 … in the order of paths; by an app of another adapter, app_found.other.
 */
int apps_find(const struct app_known *known, size_t n_known, app_found_fn *fn, void *ctx,
	      struct err *err);

#endif
