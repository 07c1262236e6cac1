import { readPageData, sayWith, type PageData } from '../shared/page-data.ts';
import { showPage } from '../shared/show-page.ts';
import { BookingDriver } from './driver.ts';
import { SeatsPage } from './view/seats-page.tsx';

type SeatsData = PageData & { readonly show: string; readonly room: string | null };

const data = readPageData<SeatsData>();
const say = sayWith(data.texts);
const driver = new BookingDriver(data.show, () => draw());
const draw = showPage(() => (
  <SeatsPage driver={driver} state={driver.state} say={say} language={data.language} room={data.room} problems={data.problems ?? {}} />
));
void driver.start();
