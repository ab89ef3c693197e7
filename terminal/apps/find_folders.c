/* SPDX-License-Identifier: Apache-2.0 */
/*
 * find_folders: the user folders of the XDG base.  ~/.config/user-dirs.dirs has lines like
 *     XDG_PICTURES_DIR="$HOME/Bilder"
 * with $HOME and a backslash as the only things that mean something (xdg-user-dirs).
 */
#include <stdio.h>
#include <string.h>

#include "apps/find.h"
#include "os/os.h"

struct user_folder {
	const char *app;
	const char *key;
	const char *usual;
};

/* The value of KEY="VALUE" on a line of its own. */
static bool
value_of(char *out, size_t cap, const char *text, const char *key, const char *home)
{
	size_t key_n = strlen(key), n = 0;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, key_n) != 0 || strncmp(line + key_n, "=\"", 2) != 0)
			continue;
		const char *p = line + key_n + 2;
		if (strncmp(p, "$HOME", 5) == 0) {
			n = (size_t)snprintf(out, cap, "%s", home);
			p += 5;
		}
		for (; *p && *p != '"' && *p != '\n' && n + 1 < cap; p++) {
			if (*p == '\\' && p[1])
				p++;
			out[n++] = *p;
		}
		if (n >= cap)
			return false;
		out[n] = '\0';
		return out[0] == '/';
	}
	return false;
}

static bool
is_folder_beside_home(const char *path, const char *home)
{
	struct stat st, home_st;

	return os->fstatat(AT_FDCWD, path, &st, 0) == 0 && S_ISDIR(st.st_mode) &&
	       os->fstatat(AT_FDCWD, home, &home_st, 0) == 0 &&
	       (st.st_ino != home_st.st_ino || st.st_dev != home_st.st_dev);
}

/* The folders of @list that there are. */
static int
find_folders(const struct user_folder *list, size_t n, app_find_fn *fn, void *ctx, struct err *err)
{
	AUTO(buf_clear) struct buf dirs = BUF_INIT(64 << 10);
	char home[FIND_PATH_BYTES], path[FIND_PATH_BYTES];
	struct err why = { 0 };

	if (!find_path(home, FIND_HOME, "") || !find_path(path, FIND_CONFIG, "user-dirs.dirs"))
		return 0;
	if (os_read_file(AT_FDCWD, path, &dirs, &why) < 0 && why.code == ERR_NOMEM)
		return err_nomem(err); /* no such file: the usual names serve */
	for (size_t i = 0; i < n; i++) {
		struct app_found found = { .name = list[i].app, .path = path };

		if (!value_of(path, sizeof path, buf_str(&dirs), list[i].key, home) &&
		    !find_path(path, FIND_HOME, list[i].usual))
			continue;
		if (is_folder_beside_home(path, home) && fn(ctx, &found, err) < 0)
			return -1;
	}
	return 0;
}

int
files_find(app_find_fn *fn, void *ctx, struct err *err)
{
	static const struct user_folder folders[] = {
		{ "documents", "XDG_DOCUMENTS_DIR", "Documents" },
		{ "music", "XDG_MUSIC_DIR", "Music" },
		{ "pictures", "XDG_PICTURES_DIR", "Pictures" },
		{ "videos", "XDG_VIDEOS_DIR", "Videos" },
	};

	return find_folders(folders, sizeof folders / sizeof *folders, fn, ctx, err);
}

/* Program files come as downloads. */
int
programs_find(app_find_fn *fn, void *ctx, struct err *err)
{
	static const struct user_folder downloads = { "programs", "XDG_DOWNLOAD_DIR", "Downloads" };

	return find_folders(&downloads, 1, fn, ctx, err);
}
