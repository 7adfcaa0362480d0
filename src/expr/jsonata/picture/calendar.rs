//! The calendar in UTC, as far as pictures need it.

pub(super) const DAY: i64 = 86_400_000;

/// A moment, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// Days since 1970-01-01.
    pub(super) day: i64,
    pub(super) year: i64,
    /// 1 to 12.
    pub(super) month: i64,
    pub(super) day_of_month: i64,
    /// Milliseconds since midnight.
    pub(super) time: i64,
}

impl Moment {
    pub(super) fn of(millis: i64) -> Moment {
        let day = millis.div_euclid(DAY);
        let (year, month, day_of_month) = civil(day);
        Moment {
            day,
            year,
            month,
            day_of_month,
            time: millis.rem_euclid(DAY),
        }
    }

    /// What a component of a picture means for this moment; none for those that are no numbers.
    pub(super) fn component(&self, component: char) -> Option<i64> {
        let hour = self.time / 3_600_000;
        Some(match component {
            'Y' => self.year,
            'M' => self.month,
            'D' => self.day_of_month,
            'd' => self.day - day_number(self.year, 1, 1) + 1,
            'F' => weekday(self.day),
            'W' => self.week_in(YearMonth {
                year: self.year,
                month: None,
            }),
            'w' => self.week_in(YearMonth {
                year: self.year,
                month: Some(self.month),
            }),
            'X' => {
                self.week_based(YearMonth {
                    year: self.year,
                    month: None,
                })
                .year
            }
            'x' => {
                let of = self.week_based(YearMonth {
                    year: self.year,
                    month: Some(self.month),
                });
                of.month.unwrap_or(self.month)
            }
            'H' => hour,
            'h' => (hour + 11) % 12 + 1,
            'P' => i64::from(hour >= 12),
            'm' => self.time / 60_000 % 60,
            's' => self.time / 1000 % 60,
            'f' => self.time % 1000,
            _ => return None,
        })
    }

    /// The week in a year or month: the first one is that with its first Thursday.
    fn week_in(&self, span: YearMonth) -> i64 {
        let of = self.week_based(span);
        (self.day - of.first_week()) / 7 + 1
    }

    /// The year or month that this day's week belongs to.
    fn week_based(&self, span: YearMonth) -> YearMonth {
        if self.day < span.first_week() {
            span.previous()
        } else if self.day >= span.next().first_week() {
            span.next()
        } else {
            span
        }
    }
}

/// A year, or a month of it.
#[derive(Clone, Copy)]
struct YearMonth {
    year: i64,
    month: Option<i64>,
}

impl YearMonth {
    /// The Monday of its first week.
    fn first_week(self) -> i64 {
        let first = day_number(self.year, self.month.unwrap_or(1), 1);
        match weekday(first) {
            weekday @ 1..=4 => first - (weekday - 1),
            weekday => first + 8 - weekday,
        }
    }

    fn next(self) -> YearMonth {
        match self.month {
            Some(12) => YearMonth {
                year: self.year + 1,
                month: Some(1),
            },
            Some(month) => YearMonth {
                month: Some(month + 1),
                ..self
            },
            None => YearMonth {
                year: self.year + 1,
                month: None,
            },
        }
    }

    fn previous(self) -> YearMonth {
        match self.month {
            Some(1) => YearMonth {
                year: self.year - 1,
                month: Some(12),
            },
            Some(month) => YearMonth {
                month: Some(month - 1),
                ..self
            },
            None => YearMonth {
                year: self.year - 1,
                month: None,
            },
        }
    }
}

/// 1 for Monday to 7 for Sunday.
fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7) + 1
}

/// Days since 1970-01-01. Months and days beyond their range carry over.
pub(super) fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = year + (month - 1).div_euclid(12);
    let month = (month - 1).rem_euclid(12) + 1;
    // Years begin in March, so that the leap day comes last.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let month_index = (month + 9) % 12;
    let day_of_year = (153 * month_index + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468 + day - 1
}

/// Year, month and day of month.
fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree() {
        for (day, date) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (11_016, (2000, 2, 29)),
            (19_723, (2024, 1, 1)),
            (-719_528, (0, 1, 1)),
        ] {
            assert_eq!(civil(day), date);
            assert_eq!(day_number(date.0, date.1, date.2), day);
        }
    }

    #[test]
    fn weeks_belong_to_the_year_of_their_thursday() {
        // 2016-01-01 is a Friday: the last week of 2015.
        let moment = Moment::of(day_number(2016, 1, 1) * DAY);
        assert_eq!(
            [
                moment.component('X'),
                moment.component('W'),
                moment.component('F')
            ],
            [Some(2015), Some(53), Some(5)]
        );
    }
}
