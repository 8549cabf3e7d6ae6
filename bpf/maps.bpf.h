/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps, the configuration, and the way a record leaves the kernel. */
#ifndef SIGTRACE_MAPS_BPF_H
#define SIGTRACE_MAPS_BPF_H

#include "kernel.bpf.h"
#include "sigtrace.h"

const volatile struct config config SEC(".rodata.config") = {};
struct filter filter SEC(".data.filter") = {};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20); /* set before load, from --buffer */
} ring SEC(".maps");

/* Mapped by Python, which has no right left to call bpf(2) when it reads this. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LOSSES);
	__type(key, __u32);
	__type(value, __u64);
} losses SEC(".maps");

struct verdicts {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC); /* filled before anything is attached; mostly empty */
	__uint(max_entries, 1024); /* set before load, if the filter has more */
	__type(key, __u32);
	__type(value, __u8); /* the filter's own: being in the map is the verdict */
};

struct verdicts senders SEC(".maps");
struct verdicts targets SEC(".maps");
struct verdicts either SEC(".maps");
struct verdicts uids SEC(".maps");

/*
 * Verdicts on ends (judged.bpf.h), in sets of a few; which set follows from the mark. A word is a mark, and in its last
 * bits the verdict: Python writes it at once, mapped, with no right left to call bpf(2).
 */
#define JUDGED 2048
#define WAYS 4

struct judged {
	__u64 way[WAYS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, JUDGED);
	__type(key, __u32);
	__type(value, struct judged);
} judged SEC(".maps");

/* Signals left out because of them: a cache line for each CPU, or for some. Mapped, too. */
#define COUNTERS 64

struct counter {
	__u64 count;
	__u64 unused[7];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, COUNTERS);
	__type(key, __u32);
	__type(value, struct counter);
} unwanted SEC(".maps");

enum met { MET_NOT, MET, MET_CURRENT };

/* Who has been described in which state, and whose end is of interest: struct meeting, met.bpf.h. */
struct seen {
	__u64 start;
	__u64 exec;
	__u64 told; /* about when it was described, a number for this state of it; odd: as the current one */
	__u32 parent;
	__u32 uid;
	__u32 euid;
	__u8 met; /* enum met */
	__u8 watched;
	__u8 missed; /* its description has found no room once */
	__u8 fault;  /* the number of a fault of its own that the filter has left out */
};

/* Forgets nobody who lives: the end of who was forgotten would be lost silently. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32); /* pid */
	__type(value, struct seen);
} seen SEC(".maps");

/*
 * argv as execve left it, for those who may become a target: their memory is out of reach then. Most are short,
 * and all that a process leaves here when it comes and goes is an element up to 256 bytes: of larger ones
 * the kernel keeps fewer at hand, and sends itself an interrupt for every six to make more
 * (bpf_mem_refill(), kernel/bpf/memalloc.c). The text of a longer one is in a map of its own.
 */
struct short_argv {
	__u64 start;
	__u32 size; /* above SHORT_ROOM: it is a long_argv */
	__u32 flags;
	char text[SHORT_ROOM];
};

struct long_argv {
	__u64 start;
	__u32 size;
	__u32 flags;
	char text[EXEC_ROOM];
};

#define ARGVS(name, kind)                            \
	struct {                                     \
		__uint(type, BPF_MAP_TYPE_HASH);     \
		__uint(map_flags, BPF_F_NO_PREALLOC); \
		__uint(max_entries, 32768);          \
		__type(key, __u32); /* pid */        \
		__type(value, kind);                 \
	} name SEC(".maps")

ARGVS(argvs, struct short_argv);
ARGVS(long_argvs, struct long_argv);

/* Tasks whose call on_call has told, for on_call_again. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, __u64); /* pid and tid */
	__type(value, __u8);
} called SEC(".maps");

/*
 * Room too large for the stack, one for each program that needs it: on_signal runs with interrupts off
 * (__send_signal_locked holds the siglock), the others may be interrupted by it but not by themselves.
 */
#define SCRATCH(name, kind, programs)                \
	struct {                                     \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); \
		__uint(max_entries, programs);       \
		__type(key, __u32);                  \
		__type(value, kind);                 \
	} name SEC(".maps")

#ifdef HURRIED
enum describer { ON_SIGNAL, ON_CALL, ON_CALL_AGAIN, DESCRIBERS };
#else
enum describer { ON_SIGNAL, ON_CALL, ON_CALL_AGAIN, ON_EXIT, ON_EXIT_AGAIN, ON_COMMAND, DESCRIBERS };
#endif

/* A record in the making, and the place in a tree whose names are gathered: path.bpf.h, process.bpf.h. */
struct description {
	struct process_record record;
	__u64 node; /* a task, a kernfs_node, or a dentry */
	__u64 mount;
};

SCRATCH(process_scratch, struct description, DESCRIBERS);
SCRATCH(argv_scratch, struct long_argv, 2); /* of on_exec, and of on_exec_again */

static __always_inline void count_loss(__u32 kind)
{
	__u64 *count = bpf_map_lookup_elem(&losses, &kind);
	if (count)
		__sync_fetch_and_add(count, 1);
}

/*
 * Submitted without flags: the kernel wakes the reader only for a record that finds everything before
 * it consumed (bpf_ringbuf_commit, kernel/bpf/ringbuf.c). The reader drains at most every 20 ms, so a
 * storm costs fifty wake-ups a second, an isolated signal shows at once, and the race between going to
 * sleep and the next record is closed by the kernel's own barriers: see tracer/libbpf/ring.py.
 */
#define submit(record) bpf_ringbuf_submit(record, 0)

/*
 * A kernel may preempt a program (Linux 7.2 does; what holds a spinlock, as on_signal's caller does, is never
 * preempted), and does not run it for a second task of that CPU meanwhile: prog->active, __bpf_trace_run(),
 * kernel/trace/bpf_trace.c. There (tracer/sources/core/left_out.py) each program that may meet that is attached twice.
 */
#define TWICE(tracepoint, name, body)                                           \
	TRACEPOINT(tracepoint) int name(__u64 *ctx) { return body(ctx, 0); }        \
	TRACEPOINT(tracepoint) int name##_again(__u64 *ctx) { return config.twice ? body(ctx, 1) : 0; }

#endif
