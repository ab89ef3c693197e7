/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings: the Box's own settings, by key: "home-region", "auto-mode", ….  Those that begin with
 * "local-" stay on this terminal; all others travel in the Box's item `settings` (box_items.h).
 */
#ifndef BOX_SETTINGS_H
#define BOX_SETTINGS_H

#include "base/buf.h"
#include "box/box.h"

#define SETTING_KEY_MAX   64
#define SETTING_VALUE_MAX 4096

/** Append the value to @out.  0, BOX_ABSENT, or -1. */
int setting_get(struct buf *out, struct box *b, const char *key, struct err *err);
int setting_set(struct box *b, const char *key, struct span value, struct err *err);
int setting_remove(struct box *b, const char *key, struct err *err);

#endif
