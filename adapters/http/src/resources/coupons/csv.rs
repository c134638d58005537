//! Comma-separated values (RFC 4180) that are safe to open in a spreadsheet.

/// What a spreadsheet takes for the beginning of a formula, also after a tab or a line break (OWASP, "CSV Injection").
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];
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
    let quoted = cell.contains(['"', ',', '\r', '\n']);
    if quoted {
        text.push('"');
    }
    if cell.starts_with(FORMULA) {
        text.push(TEXT);
    }
    if quoted {
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(cell);
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
        assert_eq!(row(&["=1+1", "+1", "-1", "@a", "\t=1"]), "'=1+1,'+1,'-1,'@a,'\t=1\r\n");
        assert_eq!(row(&["=HYPERLINK(\"x\",1)"]), "\"'=HYPERLINK(\"\"x\"\",1)\"\r\n");
        assert_eq!(row(&["a=1"]), "a=1\r\n");
    }
}
