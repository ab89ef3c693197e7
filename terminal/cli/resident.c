/* SPDX-License-Identifier: Apache-2.0 */
/* resident: see resident.h. */
#include "cli/resident.h"

#include <errno.h>
#include <unistd.h>

#include "box/box.h"
#include "cli/planned.h"
#include "service/ask.h"
#include "service/service.h"

#define PROGRAM_BYTES    4096
#define ARGUMENTS_MAX    8
#define STATUS_BYTES_MAX 8192

static void
say(void *ctx, const char *sentence)
{
	cli_warn(ctx, sentence);
}

static void
tell_waiting(void *ctx, const struct auto_look *look, const struct auto_todo *todo)
{
	struct err ignored;

	for (size_t i = 0; i < todo->n; i++) {
		AUTO(buf_clear) struct buf line = BUF_INIT(PLANNED_TEXT_BYTES);

		if (planned_sentence(&line, look, &todo->states[i], &ignored) == 0)
			cli_warn(ctx, buf_str(&line));
	}
	if (!todo->n)
		cli_warn(ctx, _("Nothing is done by itself: cloudbox auto sets what is."));
}

/* This program, by the path that it has now: what takes its place there is what is started later. */
static int
find_program(char out[static PROGRAM_BYTES], struct err *err)
{
	ssize_t n = readlink("/proc/self/exe", out, PROGRAM_BYTES - 1);

	if (n <= 0)
		return err_sys(err, errno, "cannot find this program itself");
	out[n] = '\0';
	return 0;
}

int
resident_run(struct cli *cli, struct err *err)
{
	AUTO(free) char *home = NULL;
	char program[PROGRAM_BYTES];
	const char *lang = args_value(&cli->args, "--lang");
	const char *child[ARGUMENTS_MAX] = { program, "run", "--once", "--home" };

	if (box_home(&home, args_value(&cli->args, "--home"), err) < 0 ||
	    find_program(program, err) < 0)
		return -1;
	child[4] = home;
	if (lang) {
		child[5] = "--lang";
		child[6] = lang;
	}
	const struct service_request rq = {
		.home = home, .child = child, .ctx = cli, .say = say, .tell_waiting = tell_waiting
	};
	return service_run(&rq, err) < 0 ? -1 : CLI_DONE;
}

void
resident_notice(struct cli *cli)
{
	/* What is saved, of what, by which plan, and where to. */
	static const char *const commands_of_interest[] = {
		"init",   "join",     "apps add", "apps remove",  "add",    "remove",
		"select", "unselect", "auto",     "rules remove", "server", "restore",
	};
	const char *name = cli->args.command ? cli->args.command->name : "";
	struct err ignored;

	for (size_t i = 0; cli->box && i < sizeof commands_of_interest / sizeof(char *); i++)
		if (strcmp(name, commands_of_interest[i]) == 0)
			service_ask_look(box_home_fd(cli->box), &ignored);
}

struct json_object *
resident_json(const struct cli *cli)
{
	AUTO(buf_clear) struct buf said = BUF_INIT(STATUS_BYTES_MAX);
	struct err ignored;

	if (service_ask_status(&said, box_home_fd(cli->box), &ignored) != 0)
		return NULL;
	return json_tokener_parse(buf_str(&said));
}

static int64_t
number_of(const struct json_object *o, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(o, key, &value) ? json_object_get_int64(value) : 0;
}

void
resident_text(char out[static RESIDENT_TEXT_BYTES], const struct cli *cli)
{
	struct json_object *said = resident_json(cli);
	long long pid = said ? number_of(said, "pid") : 0;
	long long left_s = said ? number_of(said, "session_s") : 0;

	if (!said)
		snprintf(out, RESIDENT_TEXT_BYTES, "%s", _("none runs: cloudbox run"));
	else if (left_s)
		snprintf(out, RESIDENT_TEXT_BYTES,
			 text_plural("process %lld; unlocked for %lld minute more",
				     "process %lld; unlocked for %lld minutes more",
				     (unsigned long)(left_s + 59) / 60),
			 pid, (left_s + 59) / 60);
	else
		snprintf(out, RESIDENT_TEXT_BYTES, _("process %lld; locked"), pid);
	json_object_put(said);
}
