/* SPDX-License-Identifier: Apache-2.0 */
/* loop: see loop.h. */
#include "service/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>

#include "os/os.h"

#define NEVER_UNIX_S (time_t)(sizeof(time_t) > 4 ? INT64_C(9000000000) : INT32_MAX) /* 2255; 2038 */
#define LONGEST_MS   (24 * 3600 * INT64_C(1000)) /* set anew then */

/* A timer that never comes, but is cancelled when the wall clock is set. */
static int
watch_clock(struct loop *l, struct err *err)
{
	const struct itimerspec never = { .it_value.tv_sec = NEVER_UNIX_S };

	/* ECANCELED: it was set just now; the timer is armed all the same. */
	if (timerfd_settime(l->clock_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never,
			    NULL) == 0)
		return 0;
	return errno == ECANCELED ? 0 : err_sys(err, errno, "cannot watch the clock");
}

static int
add_fd(struct loop *l, int fd, void *ptr, struct err *err)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = ptr };

	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0)
		return err_sys(err, errno, "cannot wait for a descriptor");
	return 0;
}

int
loop_init(struct loop *l, void (*clock_set)(void *ctx), void *ctx, struct err *err)
{
	*l = (struct loop){ .clock_set = clock_set, .ctx = ctx };
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	l->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	l->clock_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (l->epoll_fd < 0 || l->timer_fd < 0 || l->clock_fd < 0)
		return err_sys(err, errno, "cannot make a timer");
	if (add_fd(l, l->timer_fd, &l->timer_fd, err) < 0 ||
	    add_fd(l, l->clock_fd, &l->clock_fd, err) < 0)
		return -1;
	return watch_clock(l, err);
}

void
loop_clear(struct loop *l)
{
	const int fds[] = { l->epoll_fd, l->timer_fd, l->clock_fd };

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			os->close(fds[i]);
	l->epoll_fd = l->timer_fd = l->clock_fd = -1;
}

int
loop_add(struct loop *l, struct loop_source *s, struct err *err)
{
	return add_fd(l, s->fd, s, err);
}

void
loop_remove(struct loop *l, struct loop_source *s)
{
	epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
}

void
loop_add_timer(struct loop *l, struct loop_timer *t)
{
	t->next = l->timers;
	l->timers = t;
}

void
loop_wait(struct loop_timer *t, int64_t ms)
{
	t->at_ms = os->uptime_ms() + (ms < 0 ? 0 : ms > LONGEST_MS ? LONGEST_MS : ms);
}

void
loop_wait_at_most(struct loop_timer *t, int64_t ms)
{
	int64_t before = t->at_ms;

	loop_wait(t, ms);
	if (before && before < t->at_ms)
		t->at_ms = before;
}

/* Those whose moment has come; each is off before it is called. */
static void
run_timers(struct loop *l)
{
	for (struct loop_timer *t = l->timers; t && !l->ended; t = t->next)
		if (t->at_ms && os->uptime_ms() >= t->at_ms) {
			t->at_ms = 0;
			t->ready(t->ctx);
		}
}

/* The kernel's timer to the nearest moment; off if there is none. */
static int
set_timer(struct loop *l, struct err *err)
{
	struct itimerspec in = { 0 };
	int64_t nearest = 0, left;

	for (const struct loop_timer *t = l->timers; t; t = t->next)
		if (t->at_ms && (!nearest || t->at_ms < nearest))
			nearest = t->at_ms;
	if (nearest) {
		left = nearest - os->uptime_ms();
		left = left < 1 ? 1 : left > LONGEST_MS ? LONGEST_MS : left;
		in.it_value.tv_sec = (time_t)(left / 1000);
		in.it_value.tv_nsec = (long)(left % 1000) * 1000000;
	}
	return timerfd_settime(l->timer_fd, 0, &in, NULL) < 0
		       ? err_sys(err, errno, "cannot set a timer")
		       : 0;
}

static int
handle(struct loop *l, void *which, struct err *err)
{
	struct loop_source *s = which;
	uint64_t expired;

	if (which == &l->timer_fd) {
		(void)os->read(l->timer_fd, &expired, sizeof expired); /* run_timers() comes */
		return 0;
	}
	if (which == &l->clock_fd) {
		(void)os->read(l->clock_fd, &expired, sizeof expired); /* ECANCELED */
		if (watch_clock(l, err) < 0)
			return -1;
		l->clock_set(l->ctx);
		return 0;
	}
	s->ready(s->ctx);
	return 0;
}

int
loop_run(struct loop *l, struct err *err)
{
	while (!l->ended) {
		struct epoll_event e;
		int n;

		run_timers(l);
		if (l->ended)
			break;
		if (set_timer(l, err) < 0)
			return -1;
		n = epoll_wait(l->epoll_fd, &e, 1, -1);
		if (n < 0 && errno != EINTR)
			return err_sys(err, errno, "cannot wait");
		if (n > 0 && handle(l, e.data.ptr, err) < 0)
			return -1;
	}
	return 0;
}
