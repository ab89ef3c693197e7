/* SPDX-License-Identifier: Apache-2.0 */
/* installed: see installed.h. */
#include "apps/installed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "os/os.h"

#define STATUS_BYTES_MAX ((size_t)64 << 20)
#define NAMES_MAX        1000000u
#define PATH_BYTES       4096

static const char dpkg_status[] = "/var/lib/dpkg/status";
static const char apt_states[] = "/var/lib/apt/extended_states";
static const char flatpak_apps[] = "/var/lib/flatpak/app";
static const char flatpak_own[] = "/.local/share/flatpak/app";
static const char snaps[] = "/var/lib/snapd/snaps";
static const char apk_world[] = "/etc/apk/world";

/* Lines, each owned. */
struct lines {
	char **list;
	size_t n, cap;
	bool known;             /* a source was there */
	int64_t newest_unix_ms; /* of the sources */
};

static void
lines_clear(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->list[i]);
	free(l->list);
}
AUTO_OBJ(lines_clear, struct lines);

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
sort(struct lines *l)
{
	if (l->n > 1)
		qsort(l->list, l->n, sizeof *l->list, by_text);
}

static int
add_line(struct lines *l, const char *kind, struct span name, const char *arch, struct err *err)
{
	char *line;

	if (array_reserve((void **)&l->list, &l->cap, l->n + 1, sizeof *l->list, NAMES_MAX, err) <
	    0)
		return -1;
	if (asprintf(&line, "%s%s%.*s%s%s", kind, kind[0] ? " " : "", SPAN_ARGS(name),
		     arch[0] ? ":" : "", arch) < 0)
		return err_nomem(err);
	l->list[l->n++] = line;
	return 0;
}

static bool
has(const struct lines *l, const char *line)
{
	return l->n && bsearch(&line, l->list, l->n, sizeof *l->list, by_text);
}

static bool
join(char out[static PATH_BYTES], const char *root, const char *path)
{
	int n = snprintf(out, PATH_BYTES, "%s%s", root, path);

	return n > 0 && n < PATH_BYTES;
}

/* The source is there: when did it change? */
static void
note_source(struct lines *l, const char *path)
{
	struct stat st;
	int64_t ms;

	if (os->fstatat(AT_FDCWD, path, &st, 0) < 0)
		return;
	l->known = true;
	ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	if (ms > l->newest_unix_ms)
		l->newest_unix_ms = ms;
}

/* A file below the root.  1: there is none. */
static int
read_source(struct buf *out, struct lines *l, const char *root, const char *path, struct err *err)
{
	char whole[PATH_BYTES];
	struct err why = { 0 };

	if (!join(whole, root, path))
		return 1;
	if (os_read_file(AT_FDCWD, whole, out, &why) < 0) {
		if (why.code == ERR_NOT_FOUND)
			return 1;
		if (err)
			*err = why;
		return -1;
	}
	note_source(l, whole);
	return 0;
}

/* dpkg and apt: stanzas of `Key: value` lines. */

struct stanza {
	struct span package, architecture, status, automatic;
};

/* The value of @line, if it is @key's. */
static bool
value_of(struct span *out, struct span line, const char *key)
{
	size_t n = strlen(key);

	if (line.n <= n || memcmp(line.p, key, n) != 0 || line.p[n] != ':')
		return false;
	*out = span_skip(line, n + 1);
	while (out->n && (*out->p == ' ' || *out->p == '\t'))
		*out = span_skip(*out, 1);
	return true;
}

static void
read_line(struct stanza *s, struct span line)
{
	if (!value_of(&s->package, line, "Package") &&
	    !value_of(&s->architecture, line, "Architecture") &&
	    !value_of(&s->status, line, "Status"))
		value_of(&s->automatic, line, "Auto-Installed");
}

/* The next stanza of @text, which goes on behind it.  False: there is none. */
static bool
next_stanza(struct stanza *out, struct span *text)
{
	bool any = false;

	*out = (struct stanza){ 0 };
	while (text->n) {
		const uint8_t *end = memchr(text->p, '\n', text->n);
		size_t n = end ? (size_t)(end - text->p) : text->n;
		struct span line = span_of(text->p, n);

		*text = span_skip(*text, end ? n + 1 : n);
		if (n == 0 && any)
			return true;
		any |= n > 0;
		read_line(out, line);
	}
	return any;
}

/* `NAME:ARCHITECTURE` of what was drawn in by others. */
static int
read_automatic(struct lines *out, struct lines *l, const char *root, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(STATUS_BYTES_MAX);
	struct stanza s;
	struct span rest;
	char arch[100];
	int rc = read_source(&text, l, root, apt_states, err);

	if (rc)
		return rc < 0 ? -1 : 0;
	for (rest = buf_span(&text); next_stanza(&s, &rest);) {
		snprintf(arch, sizeof arch, "%.*s", SPAN_ARGS(s.architecture));
		if (span_equal(s.automatic, span_str("1")) && s.package.n &&
		    add_line(out, "", s.package, arch, err) < 0)
			return -1;
	}
	sort(out);
	return 0;
}

/* The system's own architecture is dpkg's. */
static void
find_native(char *out, size_t n, struct span text)
{
	struct stanza s;

	out[0] = '\0';
	while (next_stanza(&s, &text))
		if (span_equal(s.package, span_str("dpkg")))
			snprintf(out, n, "%.*s", SPAN_ARGS(s.architecture));
}

static bool
is_installed(struct span status)
{
	static const char end[] = " ok installed"; /* want, error flag, state: dpkg-query(1) */
	size_t n = sizeof end - 1;

	return status.n > n && memcmp(status.p + status.n - n, end, n) == 0;
}

static int
add_deb(struct lines *l, const struct stanza *s, const char *native, const struct lines *automatic,
	struct err *err)
{
	char arch[100], key[500];
	bool all, own;

	snprintf(arch, sizeof arch, "%.*s", SPAN_ARGS(s->architecture));
	all = strcmp(arch, "all") == 0; /* apt keeps its note under the system's own */
	own = all || strcmp(arch, native) == 0;
	snprintf(key, sizeof key, "%.*s:%s", SPAN_ARGS(s->package), all ? native : arch);
	return has(automatic, key) ? 0 : add_line(l, "deb", s->package, own ? "" : arch, err);
}

static int
add_debs(struct lines *l, const char *root, struct err *err)
{
	AUTO(lines_clear) struct lines automatic = { 0 };
	AUTO(buf_clear) struct buf text = BUF_INIT(STATUS_BYTES_MAX);
	struct stanza s;
	struct span rest;
	char native[100];
	int rc = read_source(&text, l, root, dpkg_status, err);

	if (rc)
		return rc < 0 ? -1 : 0;
	if (read_automatic(&automatic, l, root, err) < 0)
		return -1;
	find_native(native, sizeof native, buf_span(&text));
	for (rest = buf_span(&text); next_stanza(&s, &rest);)
		if (s.package.n && is_installed(s.status) &&
		    add_deb(l, &s, native, &automatic, err) < 0)
			return -1;
	return 0;
}

/* flatpak and snap: a folder whose entries tell. */

typedef int entry_fn(struct lines *l, int fd, const char *name, struct err *err);

static int
read_folder(struct lines *l, const char *root, const char *path, entry_fn *fn, struct err *err)
{
	char whole[PATH_BYTES];
	struct dirent *d;
	DIR *dir;
	int fd, rc = 0;

	if (!join(whole, root, path))
		return 0;
	fd = os->openat(AT_FDCWD, whole, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES
			       ? 0
			       : err_sys(err, errno, "cannot open %s", whole);
	note_source(l, whole);
	dir = fdopendir(fd);
	if (!dir) {
		os->close(fd);
		return err_nomem(err);
	}
	while (rc == 0 && (d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.')
			rc = fn(l, dirfd(dir), d->d_name, err);
	closedir(dir);
	return rc;
}

/* An application has the version in use under `current` (flatpak's layout; runtimes lie elsewhere). */
static int
add_flatpak(struct lines *l, int fd, const char *name, struct err *err)
{
	char current[PATH_BYTES];
	struct stat st;
	int n = snprintf(current, sizeof current, "%s/current", name);

	if (n < 0 || (size_t)n >= sizeof current ||
	    os->fstatat(fd, current, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return add_line(l, "flatpak", span_str(name), "", err);
}

/* What snapd draws in for itself. */
static bool
is_base(struct span name)
{
	return span_equal(name, span_str("snapd")) || span_equal(name, span_str("bare")) ||
	       (name.n >= 4 && memcmp(name.p, "core", 4) == 0 &&
		strspn((const char *)name.p + 4, "0123456789") == name.n - 4);
}

/* NAME_REVISION.snap */
static int
add_snap(struct lines *l, int fd, const char *name, struct err *err)
{
	const char *end = strrchr(name, '_'), *dot = end ? strchr(end, '.') : NULL;
	struct span bare = span_of(name, end ? (size_t)(end - name) : 0);

	(void)fd;
	if (bare.n == 0 || !dot || strcmp(dot, ".snap") != 0 || is_base(bare))
		return 0;
	return add_line(l, "snap", bare, "", err);
}

/* apk: the words of etc/apk/world, a `!` before what is not wanted, a constraint or `@` behind a name. */
static int
add_apks(struct lines *l, const char *root, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(STATUS_BYTES_MAX);
	int rc = read_source(&text, l, root, apk_world, err);

	for (char *rest = (char *)text.p, *word; rc == 0 && (word = strsep(&rest, " \t\n"));) {
		word[strcspn(word, "<>=~@")] = '\0';
		if (word[0] && word[0] != '!' && add_line(l, "apk", span_str(word), "", err) < 0)
			return -1;
	}
	return rc < 0 ? -1 : 0;
}

int
installed_list(struct buf *out, const char *root, const char *home, int64_t *modified_unix_ms,
	       struct err *err)
{
	AUTO(lines_clear) struct lines l = { 0 };

	if (add_debs(&l, root, err) < 0 || add_apks(&l, root, err) < 0 ||
	    read_folder(&l, root, flatpak_apps, add_flatpak, err) < 0 ||
	    (home && read_folder(&l, home, flatpak_own, add_flatpak, err) < 0) ||
	    read_folder(&l, root, snaps, add_snap, err) < 0)
		return -1;
	if (!l.known)
		return INSTALLED_UNKNOWN;
	sort(&l);
	for (size_t i = 0; i < l.n; i++)
		if ((i == 0 || strcmp(l.list[i - 1], l.list[i]) != 0) &&
		    buf_append_fmt(out, err, "%s\n", l.list[i]) < 0)
			return -1;
	*modified_unix_ms = l.newest_unix_ms;
	return 0;
}

bool
installed_is_known(const char *root)
{
	const char *const any[] = { dpkg_status, apk_world, flatpak_apps, snaps };
	char path[PATH_BYTES];
	struct stat st;

	for (size_t i = 0; i < sizeof any / sizeof *any; i++)
		if (join(path, root, any[i]) && os->fstatat(AT_FDCWD, path, &st, 0) == 0)
			return true;
	return false;
}
