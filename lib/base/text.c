/* SPDX-License-Identifier: Apache-2.0 */
/* text: see text.h. */
#include "base/text.h"

#include <libintl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define DOMAIN "cloudbox"

/* The locale that the environment asks for, by POSIX's order of precedence. */
static const char *
environment_locale(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			return value;
	}
	return "C";
}

void
text_init(const char *lang, const char *dir)
{
	const char *wanted = lang && *lang ? lang : environment_locale();

	if (!setlocale(LC_ALL, "") || !strcmp(setlocale(LC_CTYPE, NULL), "C"))
		setlocale(LC_ALL, "C.UTF-8");
	/* gettext looks at LANGUAGE only in a locale other than "C". */
	if (lang && *lang) {
		if (!strcmp(setlocale(LC_MESSAGES, NULL), "C"))
			setlocale(LC_ALL, "C.UTF-8");
		setenv("LANGUAGE", strncmp(lang, "zh", 2) ? lang : "zh_CN", 1);
	} else if (!getenv("LANGUAGE")) {
		setenv("LANGUAGE", strncmp(wanted, "zh", 2) ? wanted : "zh_CN", 1);
	}
	bindtextdomain(DOMAIN, dir);
	bind_textdomain_codeset(DOMAIN, "UTF-8");
	setlocale(LC_NUMERIC, "C"); /* JSON and our formats know one decimal sign */
}

const char *
text(const char *msgid)
{
	return *msgid ? dgettext(DOMAIN, msgid) : msgid; /* "" would give the catalogue's header */
}

const char *
text_plural(const char *one, const char *many, unsigned long n)
{
	return dngettext(DOMAIN, one, many, n);
}
