/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The wire records between the kernel side and Python, and the filter both agree on.
 *
 * Here as everywhere: pid is the process and tid the thread (the kernel's tgid and pid), numbered by
 * the initial pid namespace. Times are nanoseconds of CLOCK_BOOTTIME. Every record is zeroed before
 * it is filled; what a program does not know it leaves out by a flag or a zero that means "unknown".
 * tests/unit/sources/test_wire.py holds tracer/sources/wire/records.py to these layouts, offset by offset.
 */
#ifndef SIGTRACE_H
#define SIGTRACE_H

#define COMM_SIZE 16 /* TASK_COMM_LEN, include/linux/sched.h */
#define TTY_SIZE 16
#define ANCESTORS 8
#define NAME_ROOM 256  /* one component of a path: NAME_MAX, include/uapi/linux/limits.h, and NUL */
#define PATH_ROOM 1024 /* all components of a path, each ended by NUL, leaf first */
#define ARGV_ROOM 4096 /* argv of a sender, read while it is alive */
#define EXEC_ROOM 1024 /* argv kept from exec on, for processes that may become targets */
#define SHORT_ROOM 160 /* the same, where it needs no more: see struct short_argv, maps.bpf.h */
#define COMMANDS 256   /* names of control commands */
#define TEXT_ROOM (2 * PATH_ROOM + ARGV_ROOM)

enum record_type {
	RECORD_SIGNAL = 1,
	RECORD_PROCESS,
	RECORD_EXIT,
	RECORD_OOM,
	RECORD_CALL,
	RECORD_COMMAND,
	RECORD_MORE,
	RECORD_REFUSED,
};

/*
 * The system calls that send signals; from CALL_EXEC on those that do not, as far as they tell why the kernel
 * does. CALL_OTHER is any other one, CALL_UNKNOWN none or not told.
 */
enum call {
	CALL_UNKNOWN,
	CALL_KILL,
	CALL_TKILL,
	CALL_TGKILL,
	CALL_RT_SIGQUEUEINFO,
	CALL_RT_TGSIGQUEUEINFO,
	CALL_PIDFD_SEND_SIGNAL,
	CALL_EXEC, /* execve(2), execveat(2) */
	CALL_PTRACE,
	CALL_WRITE,
	CALL_OTHER,
};

enum signal_flag {
	SENDER_KERNEL_THREAD = 1 << 0,
	SENDER_EXITING = 1 << 1,
	SENDER_NS_INIT = 1 << 2, /* pid 1 of a pid namespace that is not the host's */
	TARGET_EXITING = 1 << 3,
	TARGET_PROTECTED = 1 << 4, /* SIGNAL_UNKILLABLE: init of a pid namespace */
	TARGET_HANDLES = 1 << 5,
	TARGET_IGNORES = 1 << 6,
	TARGET_BLOCKS = 1 << 7,
	TARGET_KNOWN = 1 << 8, /* the four flags above and target.pid were really read */
	SENDER_KNOWN = 1 << 9, /* likewise for the sender's three */
	INFO_KNOWN = 1 << 10,  /* si_pid, si_uid, address were read from the siginfo */
	ASKED_KNOWN = 1 << 11, /* asked holds the call's pid argument */
	/* Looked at for what limits send, and the target is at work itself: a CPU or real-time limit is used up. */
	TARGET_OVER_LIMIT = 1 << 12,
	/* Of a sender that exits: it has come to exit_notify(), kernel/exit.c. */
	SENDER_NOTIFIES = 1 << 13,
	/* Looked at, as is own_pid, for the calls whose siginfo is not the kernel's own. */
	TARGET_IN_PID_NS = 1 << 14,
	ENDS_IN_USER_NS = 1 << 15, /* either end is in a user namespace that is not the host's */
	TARGET_TRACED = 1 << 16,   /* ptrace(2) */
	TARGET_AWAITS = 1 << 17,   /* a thread takes it by sigtimedwait(2), or waits for it by signalfd(2) */
	TARGET_UNSURE = 1 << 18,   /* it has more threads than were looked at: whether all block it is not known */
	TARGET_STOPPED = 1 << 19,
	TARGET_FROZEN = 1 << 20,  /* by a cgroup */
	TARGET_SLEEPS = 1 << 21,  /* uninterruptible */
	SENDER_LIVES_ON = 1 << 22, /* of a sender that exits: only this thread of it does */
	ASKED_GROUP = 1 << 23,     /* asked is the process group that a pidfd stood for, below 0 */
	HAS_MORE = 1 << 24,        /* a more_record of this tid and time may have come before */
};

struct end {
	__u64 start; /* 0: not known */
	__u32 pid;   /* 0: not known */
	__u32 tid;
	__u32 uid;
	char comm[COMM_SIZE]; /* the thread's */
	__u32 reserved;
};

struct signal_record {
	__u32 type;
	__u8 signal;
	__u8 result; /* TRACE_SIGNAL_*, include/trace/events/signal.h */
	__u8 group;  /* 1: aimed at the process, 0: at one thread */
	__u8 call;
	__u64 time;
	__s32 code;
	__s32 asked; /* the pid argument of the call, in the caller's words */
	__u32 flags;
	__u32 own_pid; /* the sender in its own pid namespace; 0: not looked at */
	__s32 si_pid;
	__u32 si_uid;
	__u64 address; /* of a fault */
	struct end sender;
	struct end target;
};

/* What only few signals have. Sent before the signal that it is of. */
struct more_record {
	__u32 type;
	__u32 tid; /* of the target */
	__u64 time; /* of the signal */
	__u64 tracer_start;
	__u32 tracer; /* the process that traces the target; 0: none */
	__u32 action; /* enum seccomp_action */
	__s32 refused; /* the system call that seccomp refused, of arch; -1: none */
	__u32 arch;    /* AUDIT_ARCH_*, include/uapi/linux/audit.h */
	__u64 memory;  /* a number for the target's address space; 0: not looked at */
	__u32 level;   /* of the cgroup whose cgroup.kill was written to, 1 below the root; 0: not known */
	__u32 reserved;
};

enum seccomp_action { ACTION_UNKNOWN, ACTION_KILL };

struct ancestor {
	__u64 start;
	__u32 pid;
	char comm[COMM_SIZE];
	__u32 reserved;
};

enum process_flag {
	ARGV_CUT = 1 << 0,
	CGROUP_V1 = 1 << 1, /* the path is of the v1 pids hierarchy: the v2 one says only "/" */
	LINEAGE_ONLY = 1 << 2, /* only pid, ppid, start, comm and the ancestors are known */
	ARGV_KEPT = 1 << 5, /* argv as exec left it: the process may have changed it since */
	EXE_CUT = 1 << 3,    /* the path's beginning found no room */
	CGROUP_CUT = 1 << 4, /* likewise */
};

/* Sent once for each state of a process (state_of()), before the first signal that concerns it. */
struct process_record {
	__u32 type;
	__u32 flags;
	__u64 start;
	__u32 pid;
	__u32 ppid;
	__u32 uid;
	__u32 euid;
	__u32 loginuid; /* 4294967295: unset */
	__u32 session;  /* likewise */
	__u32 ns_pid;
	__u32 ancestors; /* how many of ancestor[] are filled */
	__u64 cgroup_id;
	__u64 told; /* a number for this state of it; 0: none */
	char comm[COMM_SIZE];
	char tty[TTY_SIZE];
	struct ancestor ancestor[ANCESTORS];
	__u16 exe_size; /* bytes of text[], in this order */
	__u16 cgroup_size;
	__u16 argv_size;
	__u16 reserved;
	char text[TEXT_ROOM + NAME_ROOM]; /* only as long as needed is sent */
};

struct exit_record {
	__u32 type;
	__u32 pid;
	__u64 time;
	__u64 start;
	__u32 status; /* as wait(2) gives it */
	char comm[COMM_SIZE];
	__u32 flags; /* enum exit_flag */
	__u64 tracer_start;
	__u32 tracer; /* as of a more_record */
	__u32 reserved;
};

enum exit_flag {
	OWN_FAULT = 1 << 0, /* a fault of its own with the number that it died of, which the filter left out */
};

/* One of several threads, which seccomp has ended: no signal is sent then, __seccomp_filter(), kernel/seccomp.c. */
struct refused_record {
	__u32 type;
	__s32 refused; /* the system call, of arch */
	__u64 time;
	__u64 address; /* the instruction behind the call */
	__u32 arch;
	__u32 uid;
	__u64 start;
	__u32 pid;
	__u32 tid;
	char comm[COMM_SIZE]; /* the thread's */
};

struct oom_record {
	__u32 type;
	__u32 pid; /* of the victim; 0: only tid is known */
	__u64 time;
	__u32 tid;
	__u32 reserved;
};

/* A call that became no signal: refused, or signal 0. */
struct call_record {
	__u32 type;
	__s32 error; /* 0, or a negative errno */
	__u64 time;
	__s32 asked;
	__s32 signal;
	__u32 target_pid; /* 0: not known on the host's numbering */
	__u32 call;
	struct end sender;
};

/* A control command was run: after the process record. */
struct command_record {
	__u32 type;
	__u32 pid;
	__u64 time;
	__u64 start;
};

/* How a map of pids or uids is meant. */
enum verdict_mode { MODE_OFF, MODE_ONLY, MODE_EXCEPT };

/* The kernel's part of the filter: never tighter than tracer/flow/filter.py. Bit n-1 is signal n. Set after load. */
struct filter {
	__u64 signals;
	__u64 key;    /* of this trace's marks, odd: see judged.bpf.h */
	__u8 results; /* bit n: TRACE_SIGNAL_* n is wanted */
	__u8 senders; /* enum verdict_mode, of the map of that name */
	__u8 targets;
	__u8 either;
	__u8 uids;
	__u8 judges; /* enum judges: whose verdicts are looked up */
	__u16 reserved;
};

enum judges { JUDGES_SENDERS = 1 << 0, JUDGES_TARGETS = 1 << 1 };

/* What the words of a filter say of one end: tracer/flow/judge.py. */
enum verdict {
	NOT_FROM = 1 << 0, /* from it nothing is wanted */
	NOT_TO = 1 << 1,   /* to it nothing is */
	NOT_SENT = 1 << 2, /* nothing that it has surely sent */
	NEITHER = 0xff8,   /* a bit for each word of either end: it is not the one */
	VERDICT = 0xfff,
};

/* EXITS_WORTH: not with 0, of what is old or was started by init. */
enum exits { EXITS_NONE, EXITS_WORTH, EXITS_ALL };

/* What is sent: set before load, so that the verifier leaves out the code for all else. */
struct config {
	__u8 describe; /* send process records */
	__u8 deaths;   /* send exit records of targets */
	__u8 refused;  /* send call records with an error */
	__u8 probes;   /* send call records of signal 0 */
	__u8 exits;    /* enum exits: of which processes that were sent nothing */
	__u8 commands; /* send command records */
	__u8 twice;    /* programs that may be preempted are attached twice */
	__u8 judged;   /* words of the filter may be asked of ends (struct filter says which) */
};

/* Counted in the kernel where a record found no room in the ring, and from LOST_ENDS on where a map was full. */
enum loss {
	LOST_SIGNALS,
	LOST_PROCESSES,
	LOST_EXITS,
	LOST_OOMS,
	LOST_CALLS,
	LOST_COMMANDS,
	LOST_ENDS,  /* processes whose end will not be told */
	LOST_ARGVS, /* command lines that were not kept */
	LOSSES,
};

#endif
