#include "run/coro.h"

#include "base/mem.h"
#include "tests/unit/unit.h"

enum { STACK = 256 * 1024 }; /* sanitizers have large frames */

static void *main_sp;

struct coroutine {
    void *sp;
    char *stack;
    int number;
};

static void begin(struct coroutine *coroutine, void (*entry)(void *value))
{
    coroutine->stack = mem_zalloc(STACK);
    coroutine->sp = coro_prepare(coroutine->stack, STACK, entry);
}

static void *resume(struct coroutine *coroutine, void *value)
{
    return coro_switch(&main_sp, coroutine->sp, value);
}

static void *suspend(struct coroutine *coroutine, void *value)
{
    return coro_switch(&coroutine->sp, main_sp, value);
}

static struct coroutine echo;

/* Gives back what it got, plus one. */
static void echoes(void *value)
{
    for (;;)
        value = suspend(&echo, (char *)value + 1);
}

static void values_go_both_ways(void **state)
{
    begin(&echo, echoes);
    for (uintptr_t i = 1; i < 1000; i++)
        assert_true((uintptr_t)resume(&echo, (void *)(i * 7)) == i * 7 + 1);
    mem_free(echo.stack);
}

static uintptr_t seen_frame, seen_local;

static void looks_at_its_stack(void *value)
{
    _Alignas(16) char local[16];

    (void)value;
    seen_frame = (uintptr_t)__builtin_frame_address(0);
    memset(local, 1, sizeof local);
    seen_local = (uintptr_t)local;
    suspend(&echo, NULL);
    abort();
}

static void the_stack_is_its_own_and_aligned_as_the_abi_wants(void **state)
{
    /* A stack whose end is not aligned. */
    echo.stack = mem_zalloc(STACK);
    echo.sp = coro_prepare(echo.stack, STACK - 9, looks_at_its_stack);
    resume(&echo, NULL);
    assert_in_range(seen_frame, (uintptr_t)echo.stack, (uintptr_t)echo.stack + STACK);
    assert_int_equal(seen_frame % 16, 0);
#if !defined(__SANITIZE_ADDRESS__) /* whose locals live elsewhere */
    assert_in_range(seen_local, (uintptr_t)echo.stack, (uintptr_t)echo.stack + STACK);
#endif
    mem_free(echo.stack);
}

/* More values than there are registers, kept over switches. */
static void counts_with_many_values(void *value)
{
    struct coroutine *self = value;
    volatile int start = self->number;
    long a = start, b = a + 1, c = b + 1, d = c + 1, e = d + 1, f = e + 1, g = f + 1, h = g + 1;
    double x = start * 0.5, y = x + 1;

    for (;;) {
        suspend(self, (void *)(a + b + c + d + e + f + g + h + (long)(x + y)));
        a++, b++, c++, d++, e++, f++, g++, h++, x += 1, y += 1;
    }
}

static void coroutines_keep_their_registers_apart(void **state)
{
    struct coroutine many[20];

    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        many[i].number = (int)i * 100;
        begin(&many[i], counts_with_many_values);
    }
    for (long round = 0; round < 50; round++) {
        for (size_t i = 0; i < ARRAY_LEN(many); i++) {
            const long start = many[i].number + round;
            const double x = many[i].number * 0.5 + (double)round;
            assert_true((long)resume(&many[i], &many[i]) == start * 8 + 28 + (long)(x + x + 1));
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        mem_free(many[i].stack);
}

static struct coroutine inner, outer;

static void runs_inside(void *value)
{
    coro_switch(&inner.sp, outer.sp, (char *)value + 1);
    abort();
}

static void runs_outside(void *value)
{
    begin(&inner, runs_inside);
    void *back = coro_switch(&outer.sp, inner.sp, (char *)value + 1);
    suspend(&outer, (char *)back + 1);
    abort();
}

static void a_coroutine_may_run_another(void **state)
{
    begin(&outer, runs_outside);
    assert_true((uintptr_t)resume(&outer, (void *)100) == 103);
    mem_free(inner.stack);
    mem_free(outer.stack);
}

UNIT_TESTS(values_go_both_ways, the_stack_is_its_own_and_aligned_as_the_abi_wants,
           coroutines_keep_their_registers_apart, a_coroutine_may_run_another)
