/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: what people read, in their language (GNU gettext, domain "cloudbox").
 *
 * Before text_init() every message is as written, in English.  err_set() and its kin translate
 * their formats themselves; everywhere else write _("...") around a literal, N_("...") in tables.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>

#define _(s)  text(s)
#define N_(s) (s)

/**
 * Choose the language.
 * @lang  "en", "zh_CN" and the like; NULL or "" for the locale's own.
 * @dir   folder of the message catalogues (DIR/zh_CN/LC_MESSAGES/cloudbox.mo).
 * Where the locale is not generated on this machine, C.UTF-8 serves with LANGUAGE from LANG.
 */
void text_init(const char *lang, const char *dir);

/** Where the catalogues are, into @out of @n bytes: $CLOUDBOX_LOCALE_DIR, else the build's own if
 *  the program was not installed (po/ one or two folders above it), else @installed. */
void text_find_catalogues(char *out, size_t n, const char *installed);

/** The translation of @msgid, or @msgid.  Static storage. */
const char *text(const char *msgid) __attribute__((format_arg(1)));

/** One form or the other by number: English "1 item", "2 items". */
const char *text_plural(const char *one, const char *many, unsigned long n)
	__attribute__((format_arg(1), format_arg(2)));

#endif
