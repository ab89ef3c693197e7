/* SPDX-License-Identifier: Apache-2.0 */
/* service: see service.h. */
#include "service/service.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auto/tasks.h"
#include "base/text.h"
#include "base/when.h"
#include "box/box.h"
#include "box/box_apps.h"
#include "box/identity.h"
#include "box/rules.h"
#include "os/lock.h"
#include "os/os.h"
#include "service/child.h"
#include "service/door.h"
#include "service/waiting.h"
#include "service/watch.h"
#include "service/weather.h"

#define SENTENCE_BYTES 1024
#define SETTLE_MS      1000
#define LOOK_MIN_MS    1000 /* between two looks that nothing but time brings */
#define STATUS_127     127  /* child.h: the program could not be started */

struct service {
	const struct service_request *rq;
	struct loop loop;
	struct held held;
	struct door door;
	struct child child;
	struct watch *watch;
	struct weather weather;
	struct loop_source signals;
	struct loop_timer next_look, session_over, grace_over;
	int home_fd, lock_fd;
	int64_t since_unix_ms;
	struct auto_todo todo; /* of the newest look */
	bool changed;          /* data of an app: not noted in the Box yet */
	bool ending;
	unsigned in_a_row;      /* children, each of which left something due */
	int64_t child_ended_ms; /* of os->uptime_ms() */
	bool child_told;        /* the last one came to its end, saying what waits */
	char told[WAITING_MARK_BYTES];
	char problem[SENTENCE_BYTES]; /* of the newest look; "": it went well */
};

/* ---- telling ---- */

__attribute__((format(printf, 2, 3))) static void
say(const struct service *s, const char *fmt, ...)
{
	char sentence[SENTENCE_BYTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(sentence, sizeof sentence, fmt, args);
	va_end(args);
	s->rq->say(s->rq->ctx, sentence);
}

/* What is waited for, when that is news.  A child that came to its end has said it itself. */
static void
tell_waiting(struct service *s, const struct auto_look *look)
{
	char mark[WAITING_MARK_BYTES];
	bool is_news;

	waiting_mark(mark, &s->todo);
	is_news = strcmp(mark, s->told) != 0 && !s->child_told;
	s->child_told = false;
	memcpy(s->told, mark, sizeof mark);
	if (is_news)
		s->rq->tell_waiting(s->rq->ctx, look, &s->todo);
}

static void
tell_no_account(struct service *s)
{
	static const char mark[] = "no account";

	if (strcmp(s->told, mark) == 0)
		return;
	memcpy(s->told, mark, sizeof mark);
	say(s, "%s", _("waiting for an account: cloudbox init, or cloudbox join"));
}

/* Once, as long as it is the same. */
static void
tell_problem(struct service *s, const struct err *err)
{
	if (strcmp(s->problem, err->msg) == 0)
		return;
	snprintf(s->problem, sizeof s->problem, "%s", err->msg);
	say(s, "%s", err->msg);
	if (err->hint[0])
		say(s, "%s", err->hint);
}

/* ---- looking ---- */

struct watching {
	struct service *s;
	struct box *box;
};

/* box_app_names_each(): those that have something to be saved, now or by a rule. */
static int
watch_one(void *ctx, const char *name, bool in_box, struct err *err)
{
	const struct watching *it = ctx;
	AUTO(app_free) struct app *app = NULL;
	bool has_rules = false;

	if (!in_box && rules_has(&has_rules, it->box, name, err) < 0)
		return -1;
	if (!in_box && !has_rules)
		return 0;
	return box_app_get(&app, it->box, name, err) < 0 ? -1 : watch_app(it->s->watch, app, err);
}

/* Nothing by itself: nothing to watch. */
static int
watch_apps(struct service *s, struct box *box, const struct auto_plan *plan, struct err *err)
{
	struct watching it = { s, box };
	int rc;

	watch_begin(s->watch);
	rc = plan->mode == AUTO_OFF ? 0 : box_app_names_each(box, watch_one, &it, err);
	if (rc == 0)
		watch_end(s->watch);
	return rc;
}

/* auto_look_now(), with the conditions that are kept up to date. */
static int
look_at(struct auto_look *look, struct service *s, struct box *box, struct err *err)
{
	look->box = box;
	look->now = moment_now();
	if (auto_plan_get(&look->plan, box, err) < 0 || watch_apps(s, box, &look->plan, err) < 0)
		return -1;
	look->conditions = (struct auto_conditions)AUTO_CONDITIONS_INIT;
	if (look->plan.mode == AUTO_OFF)
		weather_rest(&s->weather);
	else
		weather_read(&look->conditions, &s->weather);
	return 0;
}

static int
read_todo(struct service *s, struct err *err)
{
	AUTO(box_free) struct box *box = NULL;
	struct auto_look look;

	s->todo = (struct auto_todo){ .n = 0 };
	if (box_open(&box, s->rq->home, err) < 0)
		return -1;
	if (!box_identity(box)) {
		tell_no_account(s);
		return 0;
	}
	if (look_at(&look, s, box, err) < 0)
		return -1;
	look.unlocked = held_left_ms(&s->held, os->uptime_ms()) > 0;
	if (s->changed && auto_note_change(box, &look.now, err) < 0)
		return -1;
	s->changed = false;
	if (auto_todo(&s->todo, &look, err) < 0)
		return -1;
	if (!s->todo.due)
		tell_waiting(s, &look);
	return 0;
}

static int64_t
gap_ms(unsigned in_a_row)
{
	int64_t gap = SERVICE_GAP_MIN_MS;

	if (in_a_row < 2)
		return in_a_row ? SERVICE_GAP_FIRST_MS : 0;
	for (unsigned i = 2; i < in_a_row && gap < SERVICE_GAP_MAX_MS; i++)
		gap *= 2;
	return gap < SERVICE_GAP_MAX_MS ? gap : SERVICE_GAP_MAX_MS;
}

static void
start_child(struct service *s)
{
	int64_t gap = gap_ms(s->in_a_row) - (os->uptime_ms() - s->child_ended_ms);
	struct err err;

	if (gap > 0) {
		loop_wait(&s->next_look, gap);
		return;
	}
	s->in_a_row++;
	if (child_start(&s->child, s->rq->child, &err) == 0)
		return;
	tell_problem(s, &err);
	s->child_ended_ms = os->uptime_ms();
	loop_wait(&s->next_look, SERVICE_GAP_MIN_MS);
}

static void
look(void *ctx)
{
	struct service *s = ctx;
	struct err err;
	int64_t left;

	if (s->child.pid || s->ending)
		return; /* looks when it has ended */
	loop_off(&s->next_look);
	if (read_todo(s, &err) < 0) {
		tell_problem(s, &err);
		loop_wait(&s->next_look, SERVICE_GAP_MIN_MS);
		return;
	}
	s->problem[0] = '\0';
	if (s->todo.due) {
		start_child(s);
		return;
	}
	s->in_a_row = 0;
	if (s->todo.next_unix_ms) {
		left = s->todo.next_unix_ms - os->now_unix_ms();
		loop_wait(&s->next_look, left > LOOK_MIN_MS ? left : LOOK_MIN_MS);
	}
}

/* ---- what comes ---- */

/* At once, but after what brought it has been answered. */
static void
look_soon(void *ctx)
{
	struct service *s = ctx;

	loop_wait(&s->next_look, 0);
}

/* A command changed something; there may be a script full of them. */
static void
told_to_look(void *ctx)
{
	struct service *s = ctx;

	s->changed = true;
	if (!s->child.pid)
		loop_wait_at_most(&s->next_look, SETTLE_MS);
}

static void
change_seen(void *ctx)
{
	struct service *s = ctx;

	s->changed = true;
	look_soon(s);
}

/* A link that comes or goes tells several times. */
static void
weather_changed(void *ctx)
{
	struct service *s = ctx;

	if (!s->child.pid)
		loop_wait_at_most(&s->next_look, SETTLE_MS);
}

static void
say_sentence(void *ctx, const char *sentence)
{
	say(ctx, "%s", sentence);
}

static void
child_has_ended(struct service *s, int status)
{
	s->child_ended_ms = os->uptime_ms();
	loop_off(&s->grace_over);
	if (s->ending) {
		s->loop.ended = true;
		return;
	}
	s->child_told = WIFEXITED(status) && WEXITSTATUS(status) != STATUS_127;
	if (WIFSIGNALED(status))
		say(s, _("what was begun was ended by signal %d; it goes on next time"),
		    WTERMSIG(status));
	else if (WEXITSTATUS(status) == STATUS_127)
		say(s, _("%s cannot be started"), s->rq->child[0]);
	look_soon(s);
}

static void
end(struct service *s)
{
	bool hurry = s->ending; /* asked twice */

	s->ending = true;
	door_close(&s->door);
	held_end(&s->held, os->uptime_ms());
	if (!s->child.pid) {
		s->loop.ended = true;
		return;
	}
	child_signal(&s->child, hurry ? SIGKILL : SIGTERM);
	loop_wait(&s->grace_over, SERVICE_GRACE_MS);
}

/* Nothing is lost: what it had not finished, the next one finishes. */
static void
grace_is_over(void *ctx)
{
	struct service *s = ctx;

	child_signal(&s->child, SIGKILL);
}

static void
signal_came(void *ctx)
{
	struct service *s = ctx;
	struct signalfd_siginfo info;
	int status;

	if (os->read(s->signals.fd, &info, sizeof info) != sizeof info)
		return;
	switch (info.ssi_signo) {
	case SIGCHLD:
		if (child_ended(&s->child, &status))
			child_has_ended(s, status);
		return;
	case SIGHUP:
		look_soon(s);
		return;
	default:
		end(s);
	}
}

static void
session_changed(void *ctx)
{
	struct service *s = ctx;
	int64_t left = held_left_ms(&s->held, os->uptime_ms());

	if (left)
		loop_wait(&s->session_over, left);
	else
		loop_off(&s->session_over);
	look_soon(s); /* a drill may have waited for it */
}

static void
stranger_came(void *ctx)
{
	say(ctx, "%s", _("another user's process asked, and was turned away"));
}

static void
add(struct json_object *o, const char *key, struct json_object *value)
{
	json_object_object_add(o, key, value); /* NULL: null */
}

static int
tell_status(void *ctx, struct buf *out, struct err *err)
{
	struct service *s = ctx;
	struct json_object *o = json_object_new_object();
	char since[WHEN_TEXT_BYTES];
	const char *text;
	int rc;

	if (!o)
		return err_nomem(err);
	when_print(since, s->since_unix_ms);
	add(o, "pid", json_object_new_int64(getpid()));
	add(o, "since", json_object_new_string(since));
	add(o, "at_work", json_object_new_boolean(s->child.pid != 0));
	add(o, "session_s", json_object_new_int64(held_left_ms(&s->held, os->uptime_ms()) / 1000));
	add(o, "watched_folders", json_object_new_int64((int64_t)watch_folders(s->watch)));
	add(o, "waiting", waiting_json(&s->todo));
	add(o, "problem", s->problem[0] ? json_object_new_string(s->problem) : NULL);
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	rc = text ? buf_append_str(out, text, err) : err_nomem(err);
	json_object_put(o);
	return rc;
}

/* ---- beginning and end ---- */

static int
take_lock(struct service *s, struct err *err)
{
	long holder = 0;
	int rc;

	s->lock_fd = lock_open(s->home_fd, SERVICE_LOCK, err);
	if (s->lock_fd < 0)
		return -1;
	rc = lock_try(s->lock_fd, &holder, err);
	if (rc != LOCK_HELD)
		return rc;
	err_set(err, ERR_BUSY, "the process %ld is this Box's service already", holder);
	return err_hint(err, "one is enough: cloudbox status tells what it waits for");
}

static int
take_signals(struct service *s, struct err *err)
{
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGHUP);
	sigaddset(&ours, SIGCHLD);
	sigprocmask(SIG_BLOCK, &ours, NULL);
	s->signals = (struct loop_source){ .fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK),
					   .ready = signal_came,
					   .ctx = s };
	if (s->signals.fd < 0)
		return err_sys(err, errno, "cannot wait for signals");
	return loop_add(&s->loop, &s->signals, err);
}

/* The folder is made, where there is none, by opening the Box. */
static int
open_home(struct service *s, struct err *err)
{
	AUTO(box_free) struct box *box = NULL;

	if (box_open(&box, s->rq->home, err) < 0)
		return -1;
	s->home_fd = fcntl(box_home_fd(box), F_DUPFD_CLOEXEC, 0);
	return s->home_fd < 0 ? err_sys(err, errno, "cannot open the Box's folder") : 0;
}

static int
begin(struct service *s, struct err *err)
{
	const struct door_duties duties = {
		.ctx = s,
		.look = told_to_look,
		.session_changed = session_changed,
		.status = tell_status,
		.stranger = stranger_came,
	};
	const struct watch_duties watching = { s, change_seen, say_sentence };

	if (open_home(s, err) < 0 || take_lock(s, err) < 0 ||
	    loop_init(&s->loop, look_soon, s, err) < 0 || take_signals(s, err) < 0)
		return -1;
	s->next_look = (struct loop_timer){ .ready = look, .ctx = s };
	s->session_over = (struct loop_timer){ .ready = session_changed, .ctx = s };
	s->grace_over = (struct loop_timer){ .ready = grace_is_over, .ctx = s };
	loop_add_timer(&s->loop, &s->next_look);
	loop_add_timer(&s->loop, &s->session_over);
	loop_add_timer(&s->loop, &s->grace_over);
	weather_init(&s->weather, &s->loop, weather_changed, s);
	if (watch_new(&s->watch, &s->loop, s->home_fd, &watching, err) < 0)
		return -1;
	s->since_unix_ms = os->now_unix_ms();
	return door_open(&s->door, &s->loop, s->home_fd, &s->held, &duties, err);
}

static void
clear(struct service *s)
{
	const int fds[] = { s->signals.fd, s->lock_fd, s->home_fd };

	door_close(&s->door);
	held_end(&s->held, os->uptime_ms());
	watch_free(s->watch);
	weather_clear(&s->weather);
	loop_clear(&s->loop);
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			os->close(fds[i]);
}

int
service_run(const struct service_request *rq, struct err *err)
{
	struct service s = {
		.rq = rq, .home_fd = -1, .lock_fd = -1, .signals.fd = -1, .told = "nothing yet"
	};
	int rc;

	s.loop.epoll_fd = s.loop.timer_fd = s.loop.clock_fd = -1;
	rc = begin(&s, err);
	if (rc == 0) {
		say(&s, _("this is the service of the Box in %s"), rq->home);
		change_seen(&s); /* whatever happened before it began */
		rc = loop_run(&s.loop, err);
	}
	clear(&s);
	return rc;
}
