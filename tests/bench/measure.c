/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure: run a command and write down what it took.
 *
 *     measure OUT COMMAND [ARGUMENT...]
 *
 * OUT gets one line: exit status, user and system CPU seconds, wall seconds, peak resident memory in
 * KiB (of the largest process among the command and those it waited for), and the most RssAnon seen,
 * in KiB, of the command itself: memory of its own, without the pages of shared libraries.  RssAnon has
 * no high-water mark in the kernel, so it is looked at every millisecond: a lower bound.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_EVERY_NS 1000000

static long
rss_anon_kib(pid_t pid)
{
	char path[64], line[256];
	long kib = 0;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "RssAnon: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	const struct timespec pause = { 0, LOOK_EVERY_NS };
	struct rusage used;
	long anon_kib = 0;
	int status = 0;
	pid_t ended;

	if (argc < 3) {
		fprintf(stderr, "usage: measure OUT COMMAND [ARGUMENT...]\n");
		return 2;
	}
	double start = now();
	pid_t pid = fork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	while (pid > 0 && ((ended = wait4(pid, &status, WNOHANG, &used)) == 0 ||
			   (ended < 0 && errno == EINTR))) {
		long kib = rss_anon_kib(pid);

		anon_kib = kib > anon_kib ? kib : anon_kib;
		nanosleep(&pause, NULL);
	}
	double wall = now() - start;
	FILE *out = fopen(argv[1], "w");
	if (pid < 0 || !out) {
		perror("measure");
		return 2;
	}
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	fprintf(out, "%d %.6f %.6f %.6f %ld %ld\n", code, seconds(used.ru_utime),
		seconds(used.ru_stime), wall, used.ru_maxrss, anon_kib);
	return fclose(out) == 0 ? 0 : 2;
}
