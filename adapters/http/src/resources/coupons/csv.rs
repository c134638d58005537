//! Comma-separated values (RFC 4180) that are safe to open in a spreadsheet.

/// What a spreadsheet takes for the beginning of a formula, also at full width (OWASP, "CSV Injection").
const FORMULA: [char; 8] = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];
/// What is taken for the end of a cell, also inside of quotes, by a spreadsheet with another separator than the comma.
const SEPARATORS: [char; 4] = [';', '\t', '\r', '\n'];
/// Makes a spreadsheet take a cell for text.
const TEXT: char = '\'';

/// Adds a row to `text`.
pub(super) fn write_row<'a>(text: &mut String, cells: impl IntoIterator<Item = &'a str>) {
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_cell(text, cell);
    }
    text.push_str("\r\n");
}

fn write_cell(text: &mut String, cell: &str) {
    let quoted = cell.contains(['"', ',', ';', '\t', '\r', '\n']);
    if quoted {
        text.push('"');
    }
    if cell.starts_with(['\t', '\r']) {
        text.push(TEXT);
    }
    let mut begins = true;
    for character in cell.chars() {
        if begins && FORMULA.contains(&character) {
            text.push(TEXT);
        }
        if character == '"' {
            text.push('"');
        }
        text.push(character);
        // blanks and quotes are no content: what comes after them still begins the cell
        begins = SEPARATORS.contains(&character) || (begins && (character.is_whitespace() || character == '"'));
    }
    if quoted {
        text.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::write_row;

    fn row(cells: &[&str]) -> String {
        let mut text = String::new();
        write_row(&mut text, cells.iter().copied());
        text
    }

    #[test]
    fn a_row_is_separated_by_commas() {
        assert_eq!(row(&["a", "", "b c"]), "a,,b c\r\n");
    }

    #[test]
    fn a_cell_with_commas_quotes_or_line_breaks_is_quoted() {
        assert_eq!(row(&["a,b", "say \"hi\"", "one\ntwo"]), "\"a,b\",\"say \"\"hi\"\"\",\"one\ntwo\"\r\n");
    }

    #[test]
    fn no_cell_is_taken_for_a_formula() {
        assert_eq!(row(&["=1+1", "+1", "-1", "@a"]), "'=1+1,'+1,'-1,'@a\r\n");
        assert_eq!(row(&["\t=1", "\ra", " =1"]), "\"'\t'=1\",\"'\ra\", '=1\r\n");
        assert_eq!(row(&["=HYPERLINK(\"x\",1)"]), "\"'=HYPERLINK(\"\"x\"\",1)\"\r\n");
        assert_eq!(row(&["a=1", "a -1"]), "a=1,a -1\r\n");
    }

    #[test]
    fn nothing_inside_of_a_cell_is_taken_for_the_formula_of_another() {
        assert_eq!(row(&["a;=1", "a\t@b", "a\n+1", "a; -1;b"]), "\"a;'=1\",\"a\t'@b\",\"a\n'+1\",\"a; '-1;b\"\r\n");
        assert_eq!(row(&["a;\"=1"]), "\"a;\"\"'=1\"\r\n");
    }

    #[test]
    fn a_formula_at_full_width_is_none_either() {
        assert_eq!(row(&["＝1", "＋1", "－1", "＠a", "a;＝1"]), "'＝1,'＋1,'－1,'＠a,\"a;'＝1\"\r\n");
    }
}
