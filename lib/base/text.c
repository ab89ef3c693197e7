/* SPDX-License-Identifier: Apache-2.0 */
/* text: see text.h. */
#include "base/text.h"

#include <libintl.h>
#include <limits.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DOMAIN "cloudbox"
#define PROBED "zh_CN/LC_MESSAGES/" DOMAIN ".mo"

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

/* Whether DIR/UP holds the catalogues; then it is @out. */
static bool
take_folder(char *out, size_t n, const char *dir, const char *up)
{
	char probe[2 * PATH_MAX];
	int len = snprintf(probe, sizeof probe, "%s/%s/" PROBED, dir, up);

	if (len < 0 || (size_t)len >= sizeof probe || access(probe, R_OK) < 0)
		return false;
	len = snprintf(out, n, "%s/%s", dir, up);
	return len >= 0 && (size_t)len < n;
}

void
text_find_catalogues(char *out, size_t n, const char *installed)
{
	const char *named = getenv("CLOUDBOX_LOCALE_DIR");
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);

	if (!named && len > 0) {
		self[len] = '\0';
		*strrchr(self, '/') = '\0'; /* the kernel gives an absolute path */
		if (take_folder(out, n, self, "../po") || take_folder(out, n, self, "../../po"))
			return;
	}
	snprintf(out, n, "%s", named ? named : installed);
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
