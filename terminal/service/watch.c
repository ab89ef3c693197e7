/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch: see watch.h.
 *
 * A list of folders, each of an app, and the kernel's number of its watch.  Two apps may have the same folder: then the
 * kernel gives the same number twice, and takes the watch away only when nobody has it any more.  When folders come,
 * go or move below an app, all of the app is listed anew when it is quiet: what changed before that the look finds,
 * what changes afterwards is seen.
 */
#include "service/watch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "apps/apps.h"
#include "apps/folder.h"
#include "apps/row_app.h"
#include "base/array.h"
#include "base/text.h"
#include "os/os.h"
#include "service/quiet.h"

#define EVENTS_BYTES 16384
#define APPS_MAX     1024
#define MASK                                                                                       \
	(IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE |        \
	 IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)

/* An app that is named, and how it stands with it. */
struct watched_app {
	char *name, *adapter, *path;
	char *only;    /* beginning of the names that count; NULL: all */
	bool deep;     /* what is below, too */
	bool named;    /* since watch_begin() */
	bool watched;  /* its folder is, at least */
	bool anew;     /* its folders are to be listed again */
	char told[32]; /* what was said of it last: see tell() */
};

struct folder {
	int wd;
	size_t app;
};

struct watch {
	struct loop *loop;
	struct watch_duties duties;
	struct loop_source source;
	struct loop_timer timer;
	struct quiet quiet;
	dev_t home_device;
	ino_t home_inode;
	struct watched_app *apps;
	size_t n_apps, cap_apps;
	struct folder *folders;
	size_t n_folders, cap_folders;
};

/* ---- telling, once ---- */

/* @kind: what it is about, so that it is said once, until it is over. */
static void
tell(struct watch *w, struct watched_app *app, const char *kind, const char *why)
{
	char sentence[512];

	if (strcmp(app->told, kind) == 0)
		return;
	snprintf(app->told, sizeof app->told, "%s", kind);
	snprintf(sentence, sizeof sentence,
		 _("changes of %s are not seen at once, but once a day: %s"), app->name, why);
	w->duties.say(w->duties.ctx, sentence);
}

/* ---- the list of folders ---- */

static bool
is_used(const struct watch *w, int wd)
{
	for (size_t i = 0; i < w->n_folders; i++)
		if (w->folders[i].wd == wd)
			return true;
	return false;
}

/* Watch no folder of @app any more. */
static void
drop_folders(struct watch *w, size_t app)
{
	for (size_t i = w->n_folders; i-- > 0;) {
		int wd = w->folders[i].wd;

		if (w->folders[i].app != app)
			continue;
		w->folders[i] = w->folders[--w->n_folders];
		if (!is_used(w, wd))
			inotify_rm_watch(w->source.fd, wd);
	}
	w->apps[app].watched = false;
}

static const char *
why_not(int error)
{
	switch (error) {
	case ENOSPC:
		return _("the system allows no more folders to be watched "
			 "(fs.inotify.max_user_watches)");
	case ENOENT:
	case ENOTDIR:
		return _("its folder is not there");
	default:
		return strerror(error);
	}
}

/* Watch the open folder @fd.  False: it cannot be, and that was told. */
static bool
add_folder(struct watch *w, size_t app, int fd)
{
	struct watched_app *a = &w->apps[app];
	char path[32];
	int wd;

	if (array_reserve((void **)&w->folders, &w->cap_folders, w->n_folders + 1,
			  sizeof *w->folders, WATCH_FOLDERS_MAX, NULL) < 0) {
		tell(w, a, "many", _("it has too many folders"));
		return false;
	}
	/* By its descriptor: a path may be renamed under us. */
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	wd = inotify_add_watch(w->source.fd, path, MASK);
	if (wd < 0) {
		tell(w, a, errno == ENOSPC ? "space" : "refused", why_not(errno));
		return false;
	}
	w->folders[w->n_folders++] = (struct folder){ .wd = wd, .app = app };
	return true;
}

/* ---- listing an app's folders ---- */

static bool
is_home(const struct watch *w, int fd)
{
	struct stat st;

	return os->fstat(fd, &st) == 0 && st.st_dev == w->home_device && st.st_ino == w->home_inode;
}

static bool add_below(struct watch *w, size_t app, int fd, unsigned depth);

/* The folder @name in @fd, if it is one.  False: enough. */
static bool
add_entry(struct watch *w, size_t app, int fd, const struct dirent *d, unsigned depth)
{
	int below;

	if ((d->d_type != DT_DIR && d->d_type != DT_UNKNOWN) || strcmp(d->d_name, ".") == 0 ||
	    strcmp(d->d_name, "..") == 0 || folder_is_temporary(d->d_name))
		return true;
	below = os->openat(fd, d->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (below < 0)
		return true; /* no folder, gone again, or not ours to read: the look says so */
	if (is_home(w, below)) {
		os->close(below);
		return true;
	}
	return add_below(w, app, below, depth);
}

/* The folder @fd, which is taken, and all below it.  False: enough. */
static bool
add_below(struct watch *w, size_t app, int fd, unsigned depth)
{
	bool goes_on = add_folder(w, app, fd);
	const struct dirent *d;
	DIR *dir;

	if (!goes_on || !w->apps[app].deep || depth == WATCH_DEPTH_MAX || !(dir = fdopendir(fd))) {
		os->close(fd);
		return goes_on;
	}
	while (goes_on && (d = readdir(dir)))
		goes_on = add_entry(w, app, dirfd(dir), d, depth + 1);
	closedir(dir);
	return goes_on;
}

/* What of @app's folder counts; the folder is cut off its path where that is a file.  False: it is not there. */
static bool
find_folder(struct watched_app *a, char *folder)
{
	const struct adapter *adapter = NULL;
	struct stat st;
	char file[PATH_MAX];

	free(TAKE(a->only));
	a->deep = false;
	if (os->fstatat(AT_FDCWD, folder, &st, 0) < 0)
		return false;
	if (!S_ISDIR(st.st_mode)) {
		char *slash = strrchr(folder, '/');

		a->only = strdup(slash + 1);
		slash[slash == folder] = '\0';
		return true;
	}
	if (adapter_find(&adapter, a->adapter, NULL) < 0 || !adapter->rows) {
		a->deep = adapter != NULL;
		return true;
	}
	if (snprintf(file, sizeof file, "%s/%s", folder, adapter->rows->source) <
		    (int)sizeof file &&
	    os->fstatat(AT_FDCWD, file, &st, 0) == 0)
		a->only = strdup(adapter->rows->source);
	a->deep = !a->only;
	return true;
}

/* List all of its folders. */
static void
list_app(struct watch *w, size_t app)
{
	struct watched_app *a = &w->apps[app];
	char folder[PATH_MAX];
	size_t before;
	int fd = -1;

	drop_folders(w, app);
	a->anew = false;
	if (w->source.fd < 0) {
		tell(w, a, "inotify", _("the system lets nobody watch (inotify)"));
		return;
	}
	if (realpath(a->path, folder) && find_folder(a, folder))
		fd = os->openat(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0) {
		tell(w, a, "gone", why_not(errno));
		return;
	}
	before = w->n_folders;
	if (add_below(w, app, fd, 0))
		a->told[0] = '\0';
	a->watched = w->n_folders > before; /* in part, where it was told */
}

/* ---- events ---- */

static void
wait_for_quiet(struct watch *w)
{
	int64_t until = quiet_until(&w->quiet);

	if (until)
		loop_wait(&w->timer, until - os->uptime_ms());
}

static void
note_change(struct watch *w)
{
	quiet_change(&w->quiet, os->uptime_ms());
}

/* Is a thing of that name of any concern to the app? */
static bool
counts(const struct watched_app *a, const struct inotify_event *e)
{
	if (!e->len)
		return true;
	if (folder_is_temporary(e->name))
		return false;
	return !a->only || strncmp(e->name, a->only, strlen(a->only)) == 0;
}

/* The event @e of folder @f. */
static void
take_of(struct watch *w, const struct folder *f, const struct inotify_event *e)
{
	struct watched_app *a = &w->apps[f->app];
	bool is_gone = e->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED);

	if (!is_gone && !counts(a, e))
		return;
	if (is_gone || (a->deep && (e->mask & IN_ISDIR)))
		a->anew = true;
	note_change(w);
}

static void
take(struct watch *w, const struct inotify_event *e)
{
	if (e->mask & IN_Q_OVERFLOW) { /* nobody knows what was in it */
		for (size_t i = 0; i < w->n_apps; i++)
			w->apps[i].anew = true;
		note_change(w);
		return;
	}
	for (size_t i = 0; i < w->n_folders; i++)
		if (w->folders[i].wd == e->wd)
			take_of(w, &w->folders[i], e);
}

static void
events_came(void *ctx)
{
	struct watch *w = ctx;
	_Alignas(struct inotify_event) char bytes[EVENTS_BYTES];
	ssize_t n;

	while ((n = os->read(w->source.fd, bytes, sizeof bytes)) > 0)
		for (char *at = bytes; at < bytes + n;) {
			const struct inotify_event *e = (const struct inotify_event *)(void *)at;

			take(w, e);
			at += sizeof *e + e->len;
		}
	wait_for_quiet(w);
}

static void
quiet_came(void *ctx)
{
	struct watch *w = ctx;

	if (!quiet_over(&w->quiet, os->uptime_ms())) {
		wait_for_quiet(w);
		return;
	}
	for (size_t i = 0; i < w->n_apps; i++)
		if (w->apps[i].anew)
			list_app(w, i);
	w->duties.changed(w->duties.ctx);
}

/* ---- apps ---- */

static void
app_clear(struct watched_app *a)
{
	free(a->name);
	free(a->adapter);
	free(a->path);
	free(a->only);
}

void
watch_begin(struct watch *w)
{
	for (size_t i = 0; i < w->n_apps; i++)
		w->apps[i].named = false;
}

static int
add_app(struct watch *w, const struct app *app, struct err *err)
{
	struct watched_app *a;

	if (array_reserve((void **)&w->apps, &w->cap_apps, w->n_apps + 1, sizeof *w->apps, APPS_MAX,
			  err) < 0)
		return -1;
	a = &w->apps[w->n_apps];
	*a = (struct watched_app){ .name = strdup(app->name),
				   .adapter = strdup(app->adapter),
				   .path = strdup(app->path),
				   .named = true };
	if (!a->name || !a->adapter || !a->path) {
		app_clear(a);
		return err_nomem(err);
	}
	list_app(w, w->n_apps++);
	return 0;
}

int
watch_app(struct watch *w, const struct app *app, struct err *err)
{
	for (size_t i = 0; i < w->n_apps; i++) {
		struct watched_app *a = &w->apps[i];

		if (strcmp(a->name, app->name) != 0 || strcmp(a->path, app->path) != 0 ||
		    strcmp(a->adapter, app->adapter) != 0)
			continue;
		a->named = true;
		if (!a->watched)
			list_app(w, i);
		return 0;
	}
	return add_app(w, app, err);
}

/* The last one takes its number. */
static void
remove_app(struct watch *w, size_t app)
{
	size_t last = w->n_apps - 1;

	drop_folders(w, app);
	app_clear(&w->apps[app]);
	w->apps[app] = w->apps[last];
	w->n_apps--;
	for (size_t i = 0; i < w->n_folders; i++)
		if (w->folders[i].app == last)
			w->folders[i].app = app;
}

void
watch_end(struct watch *w)
{
	for (size_t i = w->n_apps; i-- > 0;)
		if (!w->apps[i].named)
			remove_app(w, i);
}

size_t
watch_folders(const struct watch *w)
{
	return w->n_folders;
}

int
watch_new(struct watch **out, struct loop *loop, int home_fd, const struct watch_duties *duties,
	  struct err *err)
{
	AUTO(watch_free) struct watch *w = calloc(1, sizeof *w);
	struct stat home;

	if (!w)
		return err_nomem(err);
	w->source.fd = -1;
	w->loop = loop;
	w->duties = *duties;
	if (os->fstat(home_fd, &home) < 0)
		return err_sys(err, errno, "cannot look at the Box's folder");
	w->home_device = home.st_dev;
	w->home_inode = home.st_ino;
	/* Where there is none, each app says so. */
	w->source = (struct loop_source){ .fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC),
					  .ready = events_came,
					  .ctx = w };
	if (w->source.fd >= 0 && loop_add(loop, &w->source, err) < 0)
		return -1;
	w->timer = (struct loop_timer){ .ready = quiet_came, .ctx = w };
	loop_add_timer(loop, &w->timer);
	*out = TAKE(w);
	return 0;
}

void
watch_free(struct watch *w)
{
	if (!w)
		return;
	if (w->source.fd >= 0) {
		loop_remove(w->loop, &w->source);
		os->close(w->source.fd);
	}
	for (size_t i = 0; i < w->n_apps; i++)
		app_clear(&w->apps[i]);
	free(w->apps);
	free(w->folders);
	free(w);
}
