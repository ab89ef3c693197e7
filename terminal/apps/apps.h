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
void app_session_free(struct app_session *s);
AUTO_PTR(app_session_free, struct app_session);

typedef int app_found_fn(void *ctx, const struct app *app, struct err *err);

/** Call @fn for every app that this terminal has by itself: the XDG user folders (documents,
 *  pictures, music, videos) that exist and are not the home folder, by name. */
int apps_find(app_found_fn *fn, void *ctx, struct err *err);

#endif
