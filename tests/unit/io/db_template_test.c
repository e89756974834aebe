#include "io/db_internal.h"
#include "tests/unit/unit.h"

/* `parts` is "2 g1 3": two plain ?, a group with one, three plain ones. */
static void assert_expands(const char *sql, size_t rows, const char *text, const char *parts)
{
    struct db_template template;
    char seen[200] = "";

    db_template_expand(sql, rows, &template);
    assert_string_equal(template.text, text);
    for (size_t i = 0; i < template.part_count; i++) {
        char part[40];
        snprintf(part, sizeof part, "%s%s%zu", i ? " " : "", template.parts[i].is_group ? "g" : "",
                 template.parts[i].count);
        strcat(seen, part);
    }
    assert_string_equal(seen, parts);
    db_template_release(&template);
}

static void a_group_is_written_once_for_each_row_with_its_separator(void **state)
{
    assert_expands("WHERE id IN ({,|?})", 1, "WHERE id IN (?)", "g1");
    assert_expands("WHERE id IN ({,|?})", 3, "WHERE id IN (?,?,?)", "g1");
    assert_expands("VALUES {,|(?, ?)}", 2, "VALUES (?, ?),(?, ?)", "g2");
    assert_expands("{ |WHEN ? THEN ?}", 2, "WHEN ? THEN ? WHEN ? THEN ?", "g2");
}

static void values_are_taken_in_the_order_of_their_places(void **state)
{
    assert_expands("SET x = x + CASE id { |WHEN ? THEN ?} END, at = ? WHERE id IN ({,|?})", 2,
                   "SET x = x + CASE id WHEN ? THEN ? WHEN ? THEN ? END, at = ? WHERE id IN (?,?)",
                   "g2 1 g1");
    assert_expands("SET a = ?, b = ? WHERE id IN ({,|?}) AND c = ?", 1,
                   "SET a = ?, b = ? WHERE id IN (?) AND c = ?", "2 g1 1");
}

static void what_is_quoted_is_no_template(void **state)
{
    assert_expands("SELECT '{,|?}', `a?b`, \"it''s {\", '?' WHERE id IN ({,|?})", 2,
                   "SELECT '{,|?}', `a?b`, \"it''s {\", '?' WHERE id IN (?,?)", "g1");
    assert_expands("SET a = 'don''t ?' WHERE (a, b) IN ({,|(?, '}?')})", 2,
                   "SET a = 'don''t ?' WHERE (a, b) IN ((?, '}?'),(?, '}?'))", "g1");
}

static void a_separator_may_be_any_character(void **state)
{
    assert_expands("{||?}", 3, "?|?|?", "g1");
    assert_expands("{+|?} {*|f(?)}", 2, "?+? f(?)*f(?)", "g1 g1");
    assert_expands("a{,|?}", 2, "a?,?", "g1");
}

static void without_a_group(void)
{
    struct db_template template;
    db_template_expand("SELECT ?", 1, &template);
}

static void without_an_end(void)
{
    struct db_template template;
    db_template_expand("IN ({,|?)", 1, &template);
}

static void without_a_separator(void)
{
    struct db_template template;
    db_template_expand("IN ({?})", 1, &template);
}

static void without_a_mark(void)
{
    struct db_template template;
    db_template_expand("IN ({,|1})", 1, &template);
}

static void group_in_a_group(void)
{
    struct db_template template;
    db_template_expand("IN ({,|{,|?}})", 1, &template);
}

static void quote_without_end(void)
{
    struct db_template template;
    db_template_expand("IN ({,|?}) AND a = 'b", 1, &template);
}

static void a_template_that_is_none_is_a_bug(void **state)
{
    assert_true(unit_aborts(without_a_group));
    assert_true(unit_aborts(without_an_end));
    assert_true(unit_aborts(without_a_separator));
    assert_true(unit_aborts(without_a_mark));
    assert_true(unit_aborts(group_in_a_group));
    assert_true(unit_aborts(quote_without_end));
}

UNIT_TESTS(a_group_is_written_once_for_each_row_with_its_separator,
           values_are_taken_in_the_order_of_their_places, what_is_quoted_is_no_template,
           a_separator_may_be_any_character, a_template_that_is_none_is_a_bug)
