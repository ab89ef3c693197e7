/* SPDX-License-Identifier: Apache-2.0 */
#include "temp.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/apps.h"
#include "apps/installed.h"

static struct temp t;
static struct app *app;
static struct app_session *s;
static char told[4000];

static int
setup(void **state)
{
	char path[200], root[200];
	struct err err = { 0 };

	(void)state;
	temp_make(&t);
	told[0] = '\0';
	snprintf(path, sizeof path, "%s/Downloads", t.path);
	snprintf(root, sizeof root, "%s/root", t.path);
	setenv("HOME", t.path, 1);
	if (mkdir(path, 0700) < 0 || app_new(&app, "programs", "programs", path, &err) < 0 ||
	    app_set(app, "root", root, &err) < 0 || app_session_open(&s, app, &err) < 0)
		return -1;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	app_session_free(s);
	app_free(app);
	s = NULL;
	app = NULL;
	temp_remove(&t);
	return 0;
}

#define DPKG(name, arch, status)                                                                   \
	"Package: " name "\nStatus: " status "\nArchitecture: " arch                               \
	"\nDescription: a program\n with\n Package: lines that are none\n\n"

static void
put_system(void)
{
	temp_put_str(&t, "root/var/lib/dpkg/status",
		     DPKG("dpkg", "arm64", "install ok installed") DPKG("zsh", "arm64",
									"install ok installed")
			     DPKG("libc6", "arm64", "install ok installed") DPKG(
				     "fonts", "all", "install ok installed")
				     DPKG("data", "all", "install ok installed") DPKG(
					     "gone", "arm64", "deinstall ok config-files")
					     DPKG("wine", "armhf", "install ok installed")
						     DPKG("held", "arm64", "hold ok installed"));
	temp_put_str(&t, "root/var/lib/apt/extended_states",
		     "Package: libc6\nArchitecture: arm64\nAuto-Installed: 1\n\n"
		     "Package: data\nArchitecture: arm64\nAuto-Installed: 1\n\n"
		     "Package: zsh\nArchitecture: arm64\nAuto-Installed: 0\n\n"
		     "Package: wine\nArchitecture: arm64\nAuto-Installed: 1\n");
	temp_put_str(&t, "root/var/lib/flatpak/app/org.gnome.Maps/current/metadata", "");
	temp_put_str(&t, "root/var/lib/flatpak/app/org.gone.App/data", "");
	temp_put_str(&t, ".local/share/flatpak/app/com.example.Game/current/metadata", "");
	temp_put_str(&t, "root/var/lib/snapd/snaps/core22_1380.snap", "");
	temp_put_str(&t, "root/var/lib/snapd/snaps/snapd_21759.snap", "");
	temp_put_str(&t, "root/var/lib/snapd/snaps/signal-desktop_641.snap", "");
	temp_put_str(&t, "root/var/lib/snapd/snaps/signal-desktop_642.snap", "");
	temp_put_str(&t, "root/etc/apk/world", "mpv>1 htop\n!vim foot@edge\n");
}

static const char list[] = "apk foot\napk htop\napk mpv\n"
			   "deb dpkg\ndeb fonts\ndeb held\ndeb wine:armhf\ndeb zsh\n"
			   "flatpak com.example.Game\nflatpak org.gnome.Maps\n"
			   "snap signal-desktop\n";

static void
the_list_has_what_was_asked_for_sorted_and_once(void **state)
{
	AUTO(buf_clear) struct buf out = BUF_INIT(1 << 20);
	char root[200];
	int64_t at = 0;
	struct err err = { 0 };

	(void)state;
	snprintf(root, sizeof root, "%s/root", t.path);
	assert_int_equal(installed_list(&out, root, t.path, &at, &err), INSTALLED_UNKNOWN);
	put_system();
	assert_int_equal(installed_list(&out, root, t.path, &at, &err), 0);
	assert_string_equal(buf_str(&out), list);
	assert_true(at > 1000000000000);
}

static int
note_item(void *ctx, const struct app_item *item, struct err *err)
{
	size_t n = strlen(told);

	(void)ctx;
	(void)err;
	snprintf(told + n, sizeof told - n, "%s|%s\n", item->place.source, item->type);
	return 0;
}

static int
note_source(void *ctx, const struct app_source *source, struct err *err)
{
	return s->adapter->read_source(s, source, note_item, NULL, ctx, err);
}

static const char *
items(void)
{
	struct err err = { 0 };

	told[0] = '\0';
	if (s->adapter->sources(s, note_source, NULL, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	return told;
}

static void
program_files_are_items_and_so_is_the_list(void **state)
{
	(void)state;
	temp_put_str(&t, "Downloads/a.apk", "");
	temp_put_str(&t, "Downloads/letter.pdf", "");
	temp_put_str(&t, "Downloads/sub/Tool.AppImage", "");
	temp_put_str(&t, "Downloads/z.DEB", "");
	assert_string_equal(items(), "a.apk|application/vnd.android.package-archive\n"
				     "sub/Tool.AppImage|application/vnd.appimage\n"
				     "z.DEB|application/vnd.debian.binary-package\n");
	put_system();
	temp_put_str(&t, "Downloads/installed-programs (from backup).txt", "deb x\n");
	temp_put_str(&t, "Downloads/installed-programs.txt", "gives way");
	assert_string_equal(items(), "a.apk|application/vnd.android.package-archive\n"
				     "installed-programs (from backup).txt|text/plain\n"
				     "installed-programs.txt|text/plain\n"
				     "sub/Tool.AppImage|application/vnd.appimage\n"
				     "z.DEB|application/vnd.debian.binary-package\n");
}

static struct app_place
place_of(const char *path)
{
	struct app_place p = { .source = path };
	struct err err = { 0 };

	assert_int_equal(s->adapter->stamp(&p.stamp, s, path, &err), 0);
	p.size = p.stamp.size;
	return p;
}

static void
the_list_is_read_and_moves_with_what_is_installed(void **state)
{
	AUTO(buf_clear) struct buf out = BUF_INIT(1 << 20);
	struct err err = { 0 };

	(void)state;
	put_system();
	struct app_place p = place_of("installed-programs.txt");
	assert_int_equal(item_read_all(&out, s, &p, &err), 0);
	assert_string_equal(buf_str(&out), list);
	temp_put_str(&t, "root/etc/apk/world", "mpv\n");
	assert_int_equal(item_read_all(&out, s, &p, &err), APP_MOVED);
}

static void
the_list_is_never_written_or_removed_only_beside(void **state)
{
	AUTO(item_writer_free) struct item_writer *w = NULL;
	struct err err = { 0 };

	(void)state;
	put_system();
	assert_int_equal(item_writer_open(&w, s, "installed-programs.txt", &err), -1);
	assert_int_equal(err.code, ERR_EXISTS);
	struct app_change c = { .kind = APP_REMOVE, .place = place_of("installed-programs.txt") };
	assert_int_equal(s->adapter->apply(s, &c, 1, &err), -1);
	assert_int_equal(c.result, APP_CHANGE_CONFLICT);
	assert_int_equal(item_writer_open(&w, s, "installed-programs (from backup).txt", &err), 0);
	assert_int_equal(item_writer_write(w, span_str("deb x\n"), &err), 0);
	assert_int_equal(item_writer_finish(w, INT64_MIN, NULL, &err), 0);
	temp_assert(&t, "Downloads/installed-programs (from backup).txt", "deb x\n");
}

/* apt itself says what was asked for. */
static void
the_list_of_this_machine_is_what_apt_says(void **state)
{
	AUTO(buf_clear) struct buf out = BUF_INIT(INSTALLED_BYTES_MAX);
	AUTO(buf_clear) struct buf debs = BUF_INIT(INSTALLED_BYTES_MAX);
	AUTO(buf_clear) struct buf apt = BUF_INIT(INSTALLED_BYTES_MAX);
	char line[400];
	int64_t at;
	struct err err = { 0 };
	FILE *f = popen("LC_ALL=C apt-mark showmanual 2>/dev/null | sort", "r");

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof line, f))
		assert_int_equal(buf_append_fmt(&apt, &err, "deb %s", line), 0);
	pclose(f);
	if (apt.n == 0) {
		print_message("skipped: there is no apt-mark here\n");
		skip();
	}
	assert_int_equal(installed_list(&out, "", NULL, &at, &err), 0);
	for (char *rest = (char *)out.p, *one; (one = strsep(&rest, "\n"));)
		if (strncmp(one, "deb ", 4) == 0)
			assert_int_equal(buf_append_fmt(&debs, &err, "%s\n", one), 0);
	assert_string_equal(buf_str(&debs), buf_str(&apt));
}

static void
damaged_databases_give_what_can_be_read(void **state)
{
	static const char *const bad[] = { "",
					   "\n\n\n",
					   "Package",
					   "Package:\nStatus: x\n",
					   "Status: install ok installed\n\n",
					   ": \n:",
					   "\xff\xfe" };
	char root[200];

	(void)state;
	snprintf(root, sizeof root, "%s/root", t.path);
	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		AUTO(buf_clear) struct buf out = BUF_INIT(1 << 20);
		int64_t at;
		struct err err = { 0 };

		temp_put_str(&t, "root/var/lib/dpkg/status", bad[i]);
		temp_put_str(&t, "root/var/lib/apt/extended_states", bad[i]);
		assert_int_equal(installed_list(&out, root, NULL, &at, &err), 0);
		assert_int_equal(out.n, 0);
	}
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(the_list_has_what_was_asked_for_sorted_and_once),
		T(program_files_are_items_and_so_is_the_list),
		T(the_list_is_read_and_moves_with_what_is_installed),
		T(the_list_is_never_written_or_removed_only_beside),
		T(the_list_of_this_machine_is_what_apt_says),
		T(damaged_databases_give_what_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
